//! A service that watches periodic jobs, such as backups: each job reports
//! after a run, and the service knows which of them are late. [`build`] puts the
//! parts together; README.md describes the API and the settings.

pub mod api;
pub mod config;
pub mod health;
pub mod memory;
pub mod monitors;
pub mod postgres;

use std::sync::Arc;

use rocket::figment::Figment;
use rocket::{Build, Rocket};

use monitors::Store;

/// Returns the service on top of a store, ready to launch.
pub fn build(figment: Figment, store: Arc<dyn Store>) -> Rocket<Build> {
    rocket::custom(figment).manage(store).mount("/", api::routes()).register("/", api::catchers())
}
