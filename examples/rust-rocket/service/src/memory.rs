//! A store in memory, for tests.

use std::collections::btree_map::Entry;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rocket::async_trait;
use time::{Duration, OffsetDateTime};

use crate::monitors::{Beat, Monitor, Name, NewBeat, NewMonitor, Store, StoreError, KEPT_BEATS};

/// A monitor and its beats, the oldest first.
type Record = (Monitor, Vec<Beat>);

/// Forgets everything when it is dropped.
#[derive(Default)]
pub struct MemoryStore {
    records: Mutex<BTreeMap<Name, Record>>,
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Name, Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn create(&self, new: NewMonitor) -> Result<Monitor, StoreError> {
        match self.lock().entry(new.name.clone()) {
            Entry::Occupied(_) => Err(StoreError::Taken),
            Entry::Vacant(place) => {
                let monitor = Monitor {
                    name: new.name,
                    period: Duration::seconds(new.period_seconds.into()),
                    grace: Duration::seconds(new.grace_seconds.into()),
                    created_at: OffsetDateTime::now_utc(),
                    last_beat: None,
                };
                Ok(place.insert((monitor, Vec::new())).0.clone())
            }
        }
    }

    async fn get(&self, name: &Name) -> Result<Monitor, StoreError> {
        let records = self.lock();
        let (monitor, _) = records.get(name).ok_or(StoreError::Missing)?;
        Ok(monitor.clone())
    }

    async fn list(&self) -> Result<Vec<Monitor>, StoreError> {
        Ok(self.lock().values().map(|(monitor, _)| monitor.clone()).collect())
    }

    async fn delete(&self, name: &Name) -> Result<(), StoreError> {
        self.lock().remove(name).map(drop).ok_or(StoreError::Missing)
    }

    async fn beat(&self, name: &Name, new: NewBeat) -> Result<Beat, StoreError> {
        let mut records = self.lock();
        let (monitor, beats) = records.get_mut(name).ok_or(StoreError::Missing)?;
        let beat = Beat { outcome: new.outcome, message: new.message, at: OffsetDateTime::now_utc() };
        monitor.last_beat = Some(beat.clone());
        beats.push(beat.clone());
        let kept = usize::try_from(KEPT_BEATS).unwrap_or(usize::MAX);
        beats.drain(..beats.len().saturating_sub(kept));
        Ok(beat)
    }

    async fn beats(&self, name: &Name, limit: i64) -> Result<Vec<Beat>, StoreError> {
        let records = self.lock();
        let (_, beats) = records.get(name).ok_or(StoreError::Missing)?;
        Ok(beats.iter().rev().take(usize::try_from(limit).unwrap_or(0)).cloned().collect())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
