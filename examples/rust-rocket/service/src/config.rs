//! The settings, all of them from environment variables: [`figment`] has
//! Rocket's own, [`Settings::load`] the others.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use rocket::figment::{providers::Env, Figment};
use rocket::Config;
use sqlx::postgres::PgConnectOptions;

/// Returns Rocket's configuration: its defaults, but on port 8080 of all
/// addresses, and then the variables that begin with `ROCKET_`.
#[must_use]
pub fn figment() -> Figment {
    Figment::from(Config::default())
        .merge(("address", "0.0.0.0"))
        .merge(("port", 8080))
        .merge(("ident", false))
        .merge(Env::prefixed("ROCKET_").ignore(&["PROFILE"]).global())
}

/// Returns where the service listens, as seen from its own host.
pub fn listen_address(figment: &Figment) -> Result<SocketAddr, String> {
    let config = Config::try_from(figment).map_err(|err| err.to_string())?;
    let ip = match config.address {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
    };
    Ok(SocketAddr::new(ip, config.port))
}

/// The settings that are not Rocket's.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `DATABASE_URL`, required.
    pub database: PgConnectOptions,
    /// `DATABASE_CONNECTIONS`, at most that many at a time.
    pub connections: u32,
    /// `DATABASE_TIMEOUT`, for a request to get a connection.
    pub timeout: Duration,
    /// `STARTUP_TIMEOUT`, for the database to answer and the migrations to run.
    pub startup: Duration,
}

/// What is wrong with the settings, one line each. It never holds the
/// database's password.
#[derive(Debug, PartialEq, Eq)]
pub struct Problems(Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Problems {}

impl Settings {
    /// Reads the settings with `var`, which is [`std::env::var`] outside of
    /// tests. An empty variable counts as unset. All problems are reported at
    /// once, Rocket's included.
    pub fn load(figment: &Figment, var: impl Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        if let Err(errors) = Config::try_from(figment) {
            problems.extend(errors.into_iter().map(|err| format!("ROCKET_*: {err}")));
        }
        let set = |name: &str| var(name).filter(|value| !value.is_empty());
        let database = keep(&mut problems, database(set("DATABASE_URL")));
        let connections = keep(&mut problems, connections(set("DATABASE_CONNECTIONS")));
        let timeout = keep(&mut problems, seconds("DATABASE_TIMEOUT", set("DATABASE_TIMEOUT"), 5));
        let startup = keep(&mut problems, seconds("STARTUP_TIMEOUT", set("STARTUP_TIMEOUT"), 30));
        match (database, connections, timeout, startup) {
            (Some(database), Some(connections), Some(timeout), Some(startup)) if problems.is_empty() => {
                Ok(Self { database, connections, timeout, startup })
            }
            _ => Err(Problems(problems)),
        }
    }
}

/// Moves an error to the problems.
fn keep<T>(problems: &mut Vec<String>, read: Result<T, String>) -> Option<T> {
    read.map_err(|problem| problems.push(problem)).ok()
}

fn database(value: Option<String>) -> Result<PgConnectOptions, String> {
    const EXAMPLE: &str = "postgres://user:password@host:5432/name";
    let url = value.ok_or_else(|| format!("DATABASE_URL is not set: name the database, such as {EXAMPLE}"))?;
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(format!("DATABASE_URL must be like {EXAMPLE}"));
    }
    PgConnectOptions::from_str(&url).map_err(|err| format!("DATABASE_URL: {err}"))
}

fn connections(value: Option<String>) -> Result<u32, String> {
    match value {
        None => Ok(10),
        Some(value) => match value.parse() {
            Ok(number @ 1..=1000) => Ok(number),
            _ => Err(format!("DATABASE_CONNECTIONS must be a number from 1 to 1000, not {value:?}")),
        },
    }
}

fn seconds(name: &str, value: Option<String>, unset: u64) -> Result<Duration, String> {
    match value {
        None => Ok(Duration::from_secs(unset)),
        Some(value) => match value.parse() {
            Ok(number @ 1..=3600) => Ok(Duration::from_secs(number)),
            _ => Err(format!("{name} must be seconds, from 1 to 3600, not {value:?}")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(vars: &[(&str, &str)]) -> Result<Settings, Problems> {
        Settings::load(&Figment::from(Config::default()), |name| {
            vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn only_the_database_is_required() {
        let settings = load(&[("DATABASE_URL", "postgres://api:secret@db:5433/jobs"), ("DATABASE_TIMEOUT", "")]).unwrap();
        assert_eq!(settings.database.get_host(), "db");
        assert_eq!(settings.database.get_port(), 5433);
        assert_eq!(settings.database.get_database(), Some("jobs"));
        assert_eq!(settings.connections, 10);
        assert_eq!(settings.timeout, Duration::from_secs(5));
        assert_eq!(settings.startup, Duration::from_secs(30));
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let figment = Figment::from(Config::default()).merge(("port", "many"));
        let problems = Settings::load(&figment, |name| match name {
            "DATABASE_URL" => None,
            _ => Some("0".to_owned()),
        })
        .unwrap_err()
        .to_string();
        for name in ["ROCKET_*: ", "DATABASE_URL is not set", "DATABASE_CONNECTIONS", "DATABASE_TIMEOUT", "STARTUP_TIMEOUT"] {
            assert!(problems.contains(name), "{name} is missing in:\n{problems}");
        }
    }

    #[test]
    fn passwords_are_not_repeated() {
        for url in ["postgres://api:secret@db:port/jobs", "mysql://api:secret@db/jobs"] {
            let problems = load(&[("DATABASE_URL", url)]).unwrap_err().to_string();
            assert!(problems.starts_with("DATABASE_URL"), "{problems}");
            assert!(!problems.contains("secret"), "{problems}");
        }
    }

    #[test]
    fn health_is_asked_for_on_loopback_unless_an_address_is_set() {
        let at = |address: &str| listen_address(&figment().merge(("address", address)).merge(("port", 81))).unwrap().to_string();
        assert_eq!(at("0.0.0.0"), "127.0.0.1:81");
        assert_eq!(at("::"), "[::1]:81");
        assert_eq!(at("10.1.2.3"), "10.1.2.3:81");
    }
}
