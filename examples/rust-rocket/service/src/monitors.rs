//! The domain: monitors, beats, and when a monitor is late. [`Store`] keeps
//! them; [`crate::memory`] and [`crate::postgres`] implement it.

use std::str::FromStr;

use rocket::async_trait;
use rocket::request::FromParam;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// Beats that are kept of each monitor; older ones go.
pub const KEPT_BEATS: i64 = 100;

const MAX_NAME: usize = 63;
const MAX_MESSAGE: usize = 1000;
const YEAR_SECONDS: u32 = 366 * 24 * 60 * 60;

/// The name of a monitor: lower-case letters, digits and hyphens inside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl Name {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if plain && (1..=MAX_NAME).contains(&name.len()) && !name.starts_with('-') && !name.ends_with('-') {
            return Ok(Self(name));
        }
        Err(format!("a name has 1 to {MAX_NAME} lower-case letters, digits and, within it, hyphens"))
    }
}

impl<'r> FromParam<'r> for Name {
    type Error = String;

    fn from_param(param: &'r str) -> Result<Self, String> {
        Self::try_from(param.to_owned())
    }
}

/// What a client says of a monitor to create.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMonitor {
    pub name: Name,
    /// How often the job runs.
    pub period_seconds: u32,
    /// How much longer a run may take before it counts as late.
    #[serde(default)]
    pub grace_seconds: u32,
}

impl NewMonitor {
    /// Says what is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=YEAR_SECONDS).contains(&self.period_seconds) {
            return Err(format!("period_seconds must be from 1 to {YEAR_SECONDS}"));
        }
        if self.grace_seconds > YEAR_SECONDS {
            return Err(format!("grace_seconds must be at most {YEAR_SECONDS}"));
        }
        Ok(())
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Outcome {
    #[default]
    Ok,
    Failed,
}

/// What a job says after a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewBeat {
    #[serde(default)]
    pub outcome: Outcome,
    #[serde(default)]
    pub message: String,
}

impl NewBeat {
    /// Says what is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        if self.message.chars().count() > MAX_MESSAGE {
            return Err(format!("message must have at most {MAX_MESSAGE} characters"));
        }
        if self.message.contains('\0') {
            return Err("message must not have zero bytes".to_owned());
        }
        Ok(())
    }
}

/// A run that a job has reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Beat {
    pub outcome: Outcome,
    pub message: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// What is known of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    pub name: Name,
    pub period: Duration,
    pub grace: Duration,
    pub created_at: OffsetDateTime,
    pub last_beat: Option<Beat>,
}

/// How a job is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It has not run yet, and need not have.
    Waiting,
    /// Its last run went well.
    Up,
    /// Its last run failed.
    Failing,
    /// It should have run again by now.
    Late,
}

impl FromStr for State {
    type Err = String;

    fn from_str(state: &str) -> Result<Self, String> {
        match state {
            "waiting" => Ok(Self::Waiting),
            "up" => Ok(Self::Up),
            "failing" => Ok(Self::Failing),
            "late" => Ok(Self::Late),
            _ => Err("state must be waiting, up, failing or late".to_owned()),
        }
    }
}

impl Monitor {
    /// Returns the time by which the job has to have run again.
    #[must_use]
    pub fn due(&self) -> OffsetDateTime {
        let since = self.last_beat.as_ref().map_or(self.created_at, |beat| beat.at);
        since + self.period + self.grace
    }

    /// Returns how the job is doing at a time.
    #[must_use]
    pub fn state(&self, now: OffsetDateTime) -> State {
        match &self.last_beat {
            _ if now > self.due() => State::Late,
            None => State::Waiting,
            Some(Beat { outcome: Outcome::Ok, .. }) => State::Up,
            Some(Beat { outcome: Outcome::Failed, .. }) => State::Failing,
        }
    }
}

/// Why a store did not do as it was told.
#[derive(Debug)]
pub enum StoreError {
    /// There is no monitor with this name.
    Missing,
    /// There is one already.
    Taken,
    /// The store itself has a problem, which is none of the client's business.
    Unavailable(String),
}

/// Keeps monitors and their beats. `tests/common/suite.rs` says what each
/// implementation has to do.
#[async_trait]
pub trait Store: Send + Sync {
    /// Adds a monitor, or fails with [`StoreError::Taken`].
    async fn create(&self, new: NewMonitor) -> Result<Monitor, StoreError>;
    /// Returns a monitor, or fails with [`StoreError::Missing`].
    async fn get(&self, name: &Name) -> Result<Monitor, StoreError>;
    /// Returns all monitors by name.
    async fn list(&self) -> Result<Vec<Monitor>, StoreError>;
    /// Removes a monitor with its beats, or fails with [`StoreError::Missing`].
    async fn delete(&self, name: &Name) -> Result<(), StoreError>;
    /// Adds a beat, or fails with [`StoreError::Missing`].
    async fn beat(&self, name: &Name, new: NewBeat) -> Result<Beat, StoreError>;
    /// Returns the newest beats, the last one first, or fails with
    /// [`StoreError::Missing`].
    async fn beats(&self, name: &Name, limit: i64) -> Result<Vec<Beat>, StoreError>;
    /// Fails when the store does not answer.
    async fn ping(&self) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const CREATED: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);

    fn monitor(last_beat: Option<(Outcome, OffsetDateTime)>) -> Monitor {
        Monitor {
            name: Name("backup".to_owned()),
            period: Duration::HOUR,
            grace: Duration::MINUTE,
            created_at: CREATED,
            last_beat: last_beat.map(|(outcome, at)| Beat { outcome, message: String::new(), at }),
        }
    }

    #[test]
    fn a_new_monitor_waits_for_one_period_and_its_grace() {
        let new = monitor(None);
        assert_eq!(new.due(), datetime!(2026-01-02 04:05:05 UTC));
        assert_eq!(new.state(CREATED), State::Waiting);
        assert_eq!(new.state(new.due()), State::Waiting);
        assert_eq!(new.state(new.due() + Duration::SECOND), State::Late);
    }

    #[test]
    fn the_last_beat_says_how_it_is_until_the_next_is_due() {
        let at = CREATED + Duration::DAY;
        for (outcome, state) in [(Outcome::Ok, State::Up), (Outcome::Failed, State::Failing)] {
            let monitor = monitor(Some((outcome, at)));
            assert_eq!(monitor.due(), at + Duration::HOUR + Duration::MINUTE);
            assert_eq!(monitor.state(at), state);
            assert_eq!(monitor.state(monitor.due() + Duration::SECOND), State::Late);
        }
    }

    #[test]
    fn names_are_plain() {
        for good in ["a", "backup", "db-1", &"x".repeat(MAX_NAME)] {
            assert_eq!(Name::try_from(good.to_owned()).unwrap().as_str(), good);
        }
        for bad in ["", "-a", "a-", "Backup", "a b", "a/b", "ä", &"x".repeat(MAX_NAME + 1)] {
            assert!(Name::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn periods_are_between_a_second_and_a_year() {
        let check = |period_seconds, grace_seconds| NewMonitor { name: Name("a".to_owned()), period_seconds, grace_seconds }.check();
        assert_eq!(check(1, 0), Ok(()));
        assert_eq!(check(YEAR_SECONDS, YEAR_SECONDS), Ok(()));
        assert!(check(0, 0).unwrap_err().starts_with("period_seconds"));
        assert!(check(YEAR_SECONDS + 1, 0).unwrap_err().starts_with("period_seconds"));
        assert!(check(1, YEAR_SECONDS + 1).unwrap_err().starts_with("grace_seconds"));
    }

    #[test]
    fn messages_are_short_text() {
        let check = |message: String| NewBeat { message, ..NewBeat::default() }.check();
        assert_eq!(check("ä".repeat(MAX_MESSAGE)), Ok(()));
        assert!(check("ä".repeat(MAX_MESSAGE + 1)).is_err());
        assert!(check("zero\0".to_owned()).is_err());
    }
}
