use std::process::ExitCode;
use std::sync::Arc;

use rust_rocket::config::Settings;
use rust_rocket::postgres::PgStore;
use rust_rocket::{build, config, health};

/// Exit status for wrong arguments or settings.
const USAGE: u8 = 2;

#[rocket::main]
async fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    match argument.as_deref() {
        None => serve().await,
        Some("--version") => {
            println!("{}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        Some("--healthcheck") => check_health(),
        Some(other) => {
            eprintln!("rust-rocket: unexpected argument {other:?}; there are --version and --healthcheck");
            ExitCode::from(USAGE)
        }
    }
}

/// Runs the service until SIGINT or SIGTERM; requests under way are finished.
async fn serve() -> ExitCode {
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

fn check_health() -> ExitCode {
    match config::listen_address(&config::figment()).and_then(health::check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("rust-rocket: {problem}");
            ExitCode::FAILURE
        }
    }
}
