//! `/monitors`

use std::sync::Arc;

use rocket::http::Status;
use rocket::response::status::Created;
use rocket::serde::json::Json;
use rocket::{delete, get, post, State as Managed};
use serde::Serialize;
use time::OffsetDateTime;

use super::problem::{Body, Problem};
use crate::monitors::{Beat, Monitor, Name, NewMonitor, State, Store};

/// A monitor as clients see it.
#[derive(Debug, Serialize)]
pub struct View {
    name: Name,
    period_seconds: i64,
    grace_seconds: i64,
    state: State,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    due_at: OffsetDateTime,
    last_beat: Option<Beat>,
}

impl View {
    fn at(now: OffsetDateTime, monitor: Monitor) -> Self {
        Self {
            state: monitor.state(now),
            due_at: monitor.due(),
            name: monitor.name,
            period_seconds: monitor.period.whole_seconds(),
            grace_seconds: monitor.grace.whole_seconds(),
            created_at: monitor.created_at,
            last_beat: monitor.last_beat,
        }
    }
}

/// A list of monitors, with how many there are of each state.
#[derive(Debug, Serialize)]
pub struct List {
    late: usize,
    failing: usize,
    monitors: Vec<View>,
}

#[post("/monitors", data = "<body>")]
pub async fn create(store: &Managed<Arc<dyn Store>>, body: Body<'_, NewMonitor>) -> Result<Created<Json<View>>, Problem> {
    let new = body?.into_inner();
    new.check().map_err(Problem::invalid)?;
    let monitor = store.create(new).await?;
    let location = format!("/monitors/{}", monitor.name.as_str());
    Ok(Created::new(location).body(Json(View::at(OffsetDateTime::now_utc(), monitor))))
}

#[get("/monitors?<state>")]
pub async fn list(store: &Managed<Arc<dyn Store>>, state: Option<&str>) -> Result<Json<List>, Problem> {
    let wanted = state.map(str::parse::<State>).transpose().map_err(Problem::invalid)?;
    let now = OffsetDateTime::now_utc();
    let all: Vec<View> = store.list().await?.into_iter().map(|monitor| View::at(now, monitor)).collect();
    let count = |state| all.iter().filter(|view| view.state == state).count();
    Ok(Json(List {
        late: count(State::Late),
        failing: count(State::Failing),
        monitors: all.into_iter().filter(|view| wanted.is_none_or(|state| view.state == state)).collect(),
    }))
}

#[get("/monitors/<name>")]
pub async fn get(store: &Managed<Arc<dyn Store>>, name: Name) -> Result<Json<View>, Problem> {
    let monitor = store.get(&name).await?;
    Ok(Json(View::at(OffsetDateTime::now_utc(), monitor)))
}

#[delete("/monitors/<name>")]
pub async fn delete(store: &Managed<Arc<dyn Store>>, name: Name) -> Result<Status, Problem> {
    store.delete(&name).await?;
    Ok(Status::NoContent)
}
