//! `/monitors/<name>/beats`

use std::sync::Arc;

use rocket::data::{Data, ToByteUnit};
use rocket::http::Status;
use rocket::serde::json::{serde_json, Json};
use rocket::{get, post, State as Managed};

use super::problem::Problem;
use crate::monitors::{Beat, Name, NewBeat, Store, KEPT_BEATS};

const MAX_BODY_KIB: u64 = 16;
const DEFAULT_LIMIT: i64 = 20;

/// A job need not say anything: a request without a body is a run that went well.
#[post("/monitors/<name>/beats", data = "<body>")]
pub async fn create(store: &Managed<Arc<dyn Store>>, name: Name, body: Data<'_>) -> Result<(Status, Json<Beat>), Problem> {
    let body = body.open(MAX_BODY_KIB.kibibytes()).into_string().await.map_err(|err| Problem::new(Status::BadRequest, err.to_string()))?;
    if !body.is_complete() {
        return Err(Problem::new(Status::PayloadTooLarge, "the body is too long"));
    }
    let new: NewBeat = match body.trim() {
        "" => NewBeat::default(),
        text => serde_json::from_str(text).map_err(|err| rocket::serde::json::Error::Parse(text, err))?,
    };
    new.check().map_err(Problem::invalid)?;
    Ok((Status::Created, Json(store.beat(&name, new).await?)))
}

#[get("/monitors/<name>/beats?<limit>")]
pub async fn list(store: &Managed<Arc<dyn Store>>, name: Name, limit: Option<&str>) -> Result<Json<Vec<Beat>>, Problem> {
    match limit.map_or(Ok(DEFAULT_LIMIT), str::parse) {
        Ok(limit @ 1..=KEPT_BEATS) => Ok(Json(store.beats(&name, limit).await?)),
        _ => Err(Problem::invalid(format!("limit must be from 1 to {KEPT_BEATS}"))),
    }
}
