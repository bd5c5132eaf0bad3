//! What needs a PostgreSQL server. `DATABASE_URL=postgres://… cargo test -- --include-ignored`
//! runs these tests too, each in a schema of its own.

mod common;

use rust_rocket::postgres::PgStore;
use sqlx::{Connection, PgConnection};

#[rocket::async_test]
#[ignore = "needs a database: set DATABASE_URL and add --include-ignored"]
async fn the_store_in_postgres_does_what_stores_do() {
    let store = PgStore::open(&common::database().await).await.unwrap();
    common::suite::run(&store).await;
    store.close().await;
}

#[rocket::async_test]
#[ignore = "needs a database: set DATABASE_URL and add --include-ignored"]
async fn instances_that_start_together_migrate_once() {
    let settings = common::database().await;
    let opened = rocket::futures::future::join_all((0..4).map(|_| PgStore::open(&settings))).await;
    for store in opened {
        store.unwrap().close().await;
    }
    let mut connection = PgConnection::connect_with(&settings.database).await.unwrap();
    let applied: i64 = sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success").fetch_one(&mut connection).await.unwrap();
    assert_eq!(applied, 2);
}

#[rocket::async_test]
#[ignore = "needs a database: set DATABASE_URL and add --include-ignored"]
async fn a_wrong_password_is_said_at_once_and_not_repeated() {
    let mut settings = common::database().await;
    settings.database = settings.database.database("there-is-no-such-database").password("secret");
    let err = PgStore::open(&settings).await.map(drop).unwrap_err();
    assert!(err.starts_with("connecting to the database: "), "{err}");
    assert!(!err.contains("gave up") && !err.contains("secret"), "{err}");
}
