//! What every store has to do.

use rust_rocket::monitors::{Name, NewBeat, NewMonitor, Outcome, Store, StoreError, KEPT_BEATS};
use time::{Duration, OffsetDateTime};

fn name(name: &str) -> Name {
    Name::try_from(name.to_owned()).unwrap()
}

fn monitor(called: &str) -> NewMonitor {
    NewMonitor { name: name(called), period_seconds: 3600, grace_seconds: 60 }
}

fn said(message: &str) -> NewBeat {
    NewBeat { outcome: Outcome::Failed, message: message.to_owned() }
}

/// Runs the whole suite on an empty store.
pub async fn run(store: &dyn Store) {
    store.ping().await.unwrap();
    keeps_monitors(store).await;
    keeps_beats(store).await;
    misses_what_is_not_there(store).await;
    forgets_old_beats(store).await;
}

async fn keeps_monitors(store: &dyn Store) {
    assert!(store.list().await.unwrap().is_empty());
    let made = store.create(monitor("b-1")).await.unwrap();
    assert_eq!(made.period, Duration::HOUR);
    assert_eq!(made.grace, Duration::MINUTE);
    assert!((OffsetDateTime::now_utc() - made.created_at).abs() < Duration::MINUTE);
    assert_eq!(store.get(&made.name).await.unwrap(), made);

    assert!(matches!(store.create(monitor("b-1")).await, Err(StoreError::Taken)));

    store.create(monitor("b0")).await.unwrap();
    store.create(monitor("a")).await.unwrap();
    let names: Vec<_> = store.list().await.unwrap().into_iter().map(|m| m.name).collect();
    assert_eq!(names, [name("a"), name("b-1"), name("b0")]);
}

async fn keeps_beats(store: &dyn Store) {
    let a = name("a");
    let first = store.beat(&a, NewBeat::default()).await.unwrap();
    assert_eq!((first.outcome, first.message.as_str()), (Outcome::Ok, ""));
    let second = store.beat(&a, said("disk full")).await.unwrap();
    assert!(second.at >= first.at);
    assert_eq!(store.get(&a).await.unwrap().last_beat.as_ref(), Some(&second));
    assert_eq!(store.beats(&a, 10).await.unwrap(), [second.clone(), first]);
    assert_eq!(store.beats(&a, 1).await.unwrap(), [second]);
    assert_eq!(store.beats(&name("b0"), 10).await.unwrap(), []);
}

async fn misses_what_is_not_there(store: &dyn Store) {
    let gone = name("b-1");
    store.delete(&gone).await.unwrap();
    assert!(matches!(store.delete(&gone).await, Err(StoreError::Missing)));
    assert!(matches!(store.get(&gone).await, Err(StoreError::Missing)));
    assert!(matches!(store.beat(&gone, NewBeat::default()).await, Err(StoreError::Missing)));
    assert!(matches!(store.beats(&gone, 10).await, Err(StoreError::Missing)));

    // One with beats goes with them, and its name can be used again.
    let a = name("a");
    store.delete(&a).await.unwrap();
    let again = store.create(monitor("a")).await.unwrap();
    assert_eq!(again.last_beat, None);
    assert_eq!(store.beats(&a, 10).await.unwrap(), []);
}

async fn forgets_old_beats(store: &dyn Store) {
    let a = name("a");
    for number in 0..KEPT_BEATS + 2 {
        store.beat(&a, said(&number.to_string())).await.unwrap();
    }
    let beats = store.beats(&a, KEPT_BEATS + 10).await.unwrap();
    assert_eq!(i64::try_from(beats.len()).unwrap(), KEPT_BEATS);
    assert_eq!(beats.last().unwrap().message, "2");
}
