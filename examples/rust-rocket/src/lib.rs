//! A service that watches periodic jobs, such as backups: each job reports
//! after a run, and the service knows which of them are late. [`build`] puts the
//! parts together; README.md describes the API and the settings.

pub mod api;

use std::sync::Arc;

use rocket::figment::Figment;
use rocket::{Build, Rocket};

pub use rust_rocket_service::{config, health, memory, monitors, postgres, serve, USAGE};

use monitors::Store;

/// Returns the service on top of a store, ready to launch.
pub fn build(figment: Figment, store: Arc<dyn Store>) -> Rocket<Build> {
    rocket::custom(figment).manage(store).mount("/", api::routes()).register("/", api::catchers())
}
