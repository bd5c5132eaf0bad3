//! Runs the service.

use std::process::ExitCode;
use std::sync::Arc;

use rocket::figment::Figment;
use rocket::{Build, Rocket};

use crate::config::{self, Settings};
use crate::monitors::Store;
use crate::postgres::PgStore;

/// Exit status for wrong arguments or settings.
pub const USAGE: u8 = 2;

/// Runs what `build` returns, on the store in PostgreSQL, until SIGINT or SIGTERM;
/// requests under way are finished.
#[must_use]
pub fn serve(build: fn(Figment, Arc<dyn Store>) -> Rocket<Build>) -> ExitCode {
    rocket::execute(run(build))
}

async fn run(build: fn(Figment, Arc<dyn Store>) -> Rocket<Build>) -> ExitCode {
    let figment = config::figment();
    let settings = match Settings::load(&figment, |name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(problems) => {
            eprintln!("rust-rocket: reading the settings:\n{problems}");
            return ExitCode::from(USAGE);
        }
    };
    let store = match PgStore::open(&settings).await {
        Ok(store) => Arc::new(store),
        Err(err) => {
            eprintln!("rust-rocket: {err}");
            return ExitCode::FAILURE;
        }
    };
    let launched = build(figment, store.clone()).launch().await;
    store.close().await;
    match launched {
        Ok(_) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("rust-rocket: serving: {}", err.kind());
            // Rocket's error wants to be looked at before it goes.
            drop(err);
            ExitCode::FAILURE
        }
    }
}
