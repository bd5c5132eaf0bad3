use std::process::ExitCode;

use rust_rocket::{build, config, health, serve, USAGE};

fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    match argument.as_deref() {
        None => serve(build),
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

fn check_health() -> ExitCode {
    match config::listen_address(&config::figment()).and_then(health::check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("rust-rocket: {problem}");
            ExitCode::FAILURE
        }
    }
}
