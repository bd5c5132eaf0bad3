//! What the integration tests share.
#![allow(dead_code)] // each test program uses a part of it

pub mod suite;

use std::env;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rust_rocket::config::Settings;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

/// The settings of a test that has the database of `DATABASE_URL`, in a schema
/// of its own.
pub async fn database() -> Settings {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let url = env::var("DATABASE_URL").expect("DATABASE_URL is not set: name a database that tests may add schemas to");
    let schema = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let options = PgConnectOptions::from_str(&url).unwrap();
    let mut admin = PgConnection::connect_with(&options).await.unwrap();
    sqlx::query(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).execute(&mut admin).await.unwrap();
    sqlx::query(&format!("CREATE SCHEMA {schema}")).execute(&mut admin).await.unwrap();
    admin.close().await.unwrap();
    Settings {
        database: options.options([("search_path", schema)]),
        connections: 4,
        timeout: Duration::from_secs(10),
        startup: Duration::from_secs(30),
    }
}
