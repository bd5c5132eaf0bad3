//! What the routes stand on: the domain in [`monitors`], two stores for it, the
//! settings, and [`serve`], which runs the service. Nothing here is generic over
//! the routes, so all of it is compiled without them.

pub mod config;
pub mod health;
pub mod memory;
pub mod monitors;
pub mod postgres;
mod serve;

pub use serve::{serve, USAGE};
