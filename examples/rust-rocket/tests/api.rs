//! The HTTP API on a store in memory.

mod common;

use std::sync::Arc;

use rocket::async_trait;
use rocket::http::{ContentType, Status};
use rocket::local::blocking::{Client, LocalResponse};
use rocket::serde::json::serde_json::{json, Value};
use rust_rocket::memory::MemoryStore;
use rust_rocket::monitors::{Beat, Monitor, Name, NewBeat, NewMonitor, Store, StoreError};

fn client_on(store: Arc<dyn Store>) -> Client {
    let quiet = rust_rocket::config::figment().merge(("log_level", "off"));
    Client::untracked(rust_rocket::build(quiet, store)).unwrap()
}

fn client() -> Client {
    client_on(Arc::new(MemoryStore::default()))
}

fn post<'c>(client: &'c Client, path: &'static str, body: &Value) -> LocalResponse<'c> {
    client.post(path).header(ContentType::JSON).body(body.to_string()).dispatch()
}

/// Wants a problem, and returns what it says.
fn problem(response: LocalResponse<'_>, status: Status) -> String {
    assert_eq!(response.status(), status);
    assert_eq!(response.content_type(), Some(ContentType::new("application", "problem+json")));
    let problem: Value = response.into_json().unwrap();
    assert_eq!(problem["status"], status.code);
    assert_eq!(problem["title"], status.reason_lossy());
    problem["detail"].as_str().unwrap_or_default().to_owned()
}

#[rocket::async_test]
async fn the_store_in_memory_does_what_stores_do() {
    common::suite::run(&MemoryStore::default()).await;
}

#[test]
fn a_monitor_is_made_reports_and_goes() {
    let client = client();
    let made = post(&client, "/monitors", &json!({"name": "backup", "period_seconds": 3600}));
    assert_eq!(made.status(), Status::Created);
    assert_eq!(made.headers().get_one("location"), Some("/monitors/backup"));
    let made: Value = made.into_json().unwrap();
    assert_eq!(made["state"], "waiting");
    assert_eq!(made["grace_seconds"], 0);
    assert_eq!(made["last_beat"], Value::Null);

    let beat = client.post("/monitors/backup/beats").dispatch();
    assert_eq!(beat.status(), Status::Created);
    assert_eq!(beat.into_json::<Value>().unwrap()["outcome"], "ok");

    let failed = post(&client, "/monitors/backup/beats", &json!({"outcome": "failed", "message": "disk full"}));
    assert_eq!(failed.status(), Status::Created);

    let seen: Value = client.get("/monitors/backup").dispatch().into_json().unwrap();
    assert_eq!(seen["state"], "failing");
    assert_eq!(seen["last_beat"]["message"], "disk full");
    let beats: Value = client.get("/monitors/backup/beats?limit=1").dispatch().into_json().unwrap();
    assert_eq!(beats, json!([seen["last_beat"]]));

    assert_eq!(client.delete("/monitors/backup").dispatch().status(), Status::NoContent);
    assert!(problem(client.get("/monitors/backup").dispatch(), Status::NotFound).contains("no monitor"));
}

#[test]
fn monitors_are_listed_by_state() {
    let client = client();
    for name in ["up", "waiting"] {
        post(&client, "/monitors", &json!({"name": name, "period_seconds": 3600}));
    }
    client.post("/monitors/up/beats").dispatch();
    let names = |path: &'static str| -> Vec<String> {
        let list: Value = client.get(path).dispatch().into_json().unwrap();
        assert_eq!((&list["late"], &list["failing"]), (&json!(0), &json!(0)));
        list["monitors"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("/monitors"), ["up", "waiting"]);
    assert_eq!(names("/monitors?state=up"), ["up"]);
    assert_eq!(names("/monitors?state=late"), [""; 0]);
    assert!(problem(client.get("/monitors?state=lost").dispatch(), Status::UnprocessableEntity).contains("waiting, up"));
}

#[test]
fn wrong_requests_get_problems() {
    let client = client();
    let monitor = json!({"name": "backup", "period_seconds": 60});
    post(&client, "/monitors", &monitor);
    problem(post(&client, "/monitors", &monitor), Status::Conflict);
    for (body, detail) in [
        (json!({"name": "Backup", "period_seconds": 60}), "lower-case"),
        (json!({"name": "b", "period_seconds": 0}), "period_seconds"),
        (json!({"name": "b", "period_seconds": -1}), "-1"),
        (json!({"name": "b", "period_seconds": 1, "color": "red"}), "color"),
    ] {
        let said = problem(post(&client, "/monitors", &body), Status::UnprocessableEntity);
        assert!(said.contains(detail), "{said}");
    }
    problem(client.post("/monitors").body("{").dispatch(), Status::BadRequest);
    problem(client.post("/monitors/backup/beats").body("{").dispatch(), Status::BadRequest);
    problem(post(&client, "/monitors/backup/beats", &json!({"outcome": "odd"})), Status::UnprocessableEntity);
    problem(client.post("/monitors/backup/beats").body("x".repeat(20_000)).dispatch(), Status::PayloadTooLarge);
    problem(client.get("/monitors/backup/beats?limit=0").dispatch(), Status::UnprocessableEntity);
    problem(client.post("/monitors/other/beats").dispatch(), Status::NotFound);
    assert_eq!(problem(client.get("/nothing").dispatch(), Status::NotFound), "there is no GET /nothing");
}

#[test]
fn health_does_not_need_the_store_and_readiness_does() {
    for (store, ready) in [(Arc::new(MemoryStore::default()) as Arc<dyn Store>, Status::Ok), (Arc::new(Broken), Status::ServiceUnavailable)]
    {
        let client = client_on(store);
        assert_eq!(client.get("/healthz").dispatch().status(), Status::Ok);
        assert_eq!(client.get("/readyz").dispatch().status(), ready);
    }
    let said = problem(client_on(Arc::new(Broken)).get("/monitors").dispatch(), Status::ServiceUnavailable);
    assert!(!said.contains("secret"), "{said}");
}

/// A store whose database is gone.
struct Broken;

#[async_trait]
impl Store for Broken {
    async fn create(&self, _: NewMonitor) -> Result<Monitor, StoreError> {
        Err(gone())
    }
    async fn get(&self, _: &Name) -> Result<Monitor, StoreError> {
        Err(gone())
    }
    async fn list(&self) -> Result<Vec<Monitor>, StoreError> {
        Err(gone())
    }
    async fn delete(&self, _: &Name) -> Result<(), StoreError> {
        Err(gone())
    }
    async fn beat(&self, _: &Name, _: NewBeat) -> Result<Beat, StoreError> {
        Err(gone())
    }
    async fn beats(&self, _: &Name, _: i64) -> Result<Vec<Beat>, StoreError> {
        Err(gone())
    }
    async fn ping(&self) -> Result<(), StoreError> {
        Err(gone())
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable("secret".to_owned())
}
