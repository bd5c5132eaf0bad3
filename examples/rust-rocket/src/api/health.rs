//! `/healthz` and `/readyz`

use std::sync::Arc;

use rocket::{get, State as Managed};

use super::problem::Problem;
use crate::monitors::Store;

/// Says that the process lives.
#[get("/healthz")]
pub fn alive() -> &'static str {
    "ok\n"
}

/// Says that the database answers.
#[get("/readyz")]
pub async fn ready(store: &Managed<Arc<dyn Store>>) -> Result<&'static str, Problem> {
    store.ping().await?;
    Ok("ok\n")
}
