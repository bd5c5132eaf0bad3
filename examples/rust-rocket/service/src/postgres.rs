//! The store in PostgreSQL. [`PgStore::open`] connects and migrates.

use rocket::async_trait;
use rocket::tokio::time::{sleep, timeout_at, Instant};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::FromRow;
use time::{Duration, OffsetDateTime};

use crate::config::Settings;
use crate::monitors::{Beat, Monitor, Name, NewBeat, NewMonitor, Outcome, Store, StoreError, KEPT_BEATS};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// How long to wait before a database that did not answer is asked again.
const RETRY: std::time::Duration = std::time::Duration::from_millis(250);

/// Keeps everything in PostgreSQL.
pub struct PgStore {
    pool: PgPool,
}

impl PgStore {
    /// Waits for the database, for as long as the settings say, and brings its
    /// schema up to date. Instances that start at the same time wait for each
    /// other.
    pub async fn open(settings: &Settings) -> Result<Self, String> {
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections)
            .acquire_timeout(settings.timeout)
            .connect_lazy_with(settings.database.clone());
        let deadline = Instant::now() + settings.startup;
        let mut last = "no answer".to_owned();
        let connected = timeout_at(deadline, async {
            while let Err(err) = pool.acquire().await {
                if !is_temporary(&err) {
                    return Err(err);
                }
                last = err.to_string();
                sleep(RETRY).await;
            }
            Ok(())
        });
        match connected.await {
            Ok(Ok(())) => {}
            Ok(Err(err)) => return Err(format!("connecting to the database: {err}")),
            Err(_) => return Err(format!("connecting to the database: gave up after {:?}: {last}", settings.startup)),
        }
        match timeout_at(deadline, MIGRATIONS.run(&pool)).await {
            Ok(Ok(())) => Ok(Self { pool }),
            Ok(Err(err)) => Err(format!("migrating the database: {err}")),
            Err(_) => Err(format!("migrating the database: gave up after {:?}", settings.startup)),
        }
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Says whether a database that is starting may answer like this.
fn is_temporary(err: &sqlx::Error) -> bool {
    match err {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        // cannot_connect_now: it is starting up
        sqlx::Error::Database(err) => err.code().is_some_and(|code| code == "57P03"),
        _ => false,
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(err: sqlx::Error) -> Self {
        match err {
            sqlx::Error::RowNotFound => Self::Missing,
            sqlx::Error::Database(err) if err.is_foreign_key_violation() => Self::Missing,
            sqlx::Error::Database(err) if err.is_unique_violation() => Self::Taken,
            err => Self::Unavailable(err.to_string()),
        }
    }
}

/// A monitor with its last beat.
#[derive(FromRow)]
struct Row {
    name: String,
    period_seconds: i64,
    grace_seconds: i64,
    created_at: OffsetDateTime,
    outcome: Option<Outcome>,
    message: Option<String>,
    at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for Monitor {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let last_beat = match (row.outcome, row.message, row.at) {
            (Some(outcome), Some(message), Some(at)) => Some(Beat { outcome, message, at }),
            _ => None,
        };
        Ok(Self {
            name: Name::try_from(row.name).map_err(StoreError::Unavailable)?,
            period: Duration::seconds(row.period_seconds),
            grace: Duration::seconds(row.grace_seconds),
            created_at: row.created_at,
            last_beat,
        })
    }
}

const SELECT: &str = "
    SELECT m.name, m.period_seconds, m.grace_seconds, m.created_at, b.outcome, b.message, b.at
    FROM monitors m
    LEFT JOIN LATERAL (SELECT * FROM beats WHERE monitor = m.name ORDER BY id DESC LIMIT 1) b ON true";

#[async_trait]
impl Store for PgStore {
    async fn create(&self, new: NewMonitor) -> Result<Monitor, StoreError> {
        let created_at =
            sqlx::query_scalar("INSERT INTO monitors (name, period_seconds, grace_seconds) VALUES ($1, $2, $3) RETURNING created_at")
                .bind(new.name.as_str())
                .bind(i64::from(new.period_seconds))
                .bind(i64::from(new.grace_seconds))
                .fetch_one(&self.pool)
                .await?;
        Ok(Monitor {
            name: new.name,
            period: Duration::seconds(new.period_seconds.into()),
            grace: Duration::seconds(new.grace_seconds.into()),
            created_at,
            last_beat: None,
        })
    }

    async fn get(&self, name: &Name) -> Result<Monitor, StoreError> {
        let query = format!("{SELECT} WHERE m.name = $1");
        let row: Row = sqlx::query_as(&query).bind(name.as_str()).fetch_one(&self.pool).await?;
        row.try_into()
    }

    async fn list(&self) -> Result<Vec<Monitor>, StoreError> {
        let query = format!("{SELECT} ORDER BY m.name COLLATE \"C\"");
        let rows: Vec<Row> = sqlx::query_as(&query).fetch_all(&self.pool).await?;
        rows.into_iter().map(Monitor::try_from).collect()
    }

    async fn delete(&self, name: &Name) -> Result<(), StoreError> {
        let done = sqlx::query("DELETE FROM monitors WHERE name = $1").bind(name.as_str()).execute(&self.pool).await?;
        match done.rows_affected() {
            0 => Err(StoreError::Missing),
            _ => Ok(()),
        }
    }

    async fn beat(&self, name: &Name, new: NewBeat) -> Result<Beat, StoreError> {
        let mut tx = self.pool.begin().await?;
        let beat = sqlx::query_as("INSERT INTO beats (monitor, outcome, message) VALUES ($1, $2, $3) RETURNING outcome, message, at")
            .bind(name.as_str())
            .bind(new.outcome)
            .bind(new.message)
            .fetch_one(&mut *tx)
            .await?;
        sqlx::query(
            "DELETE FROM beats WHERE monitor = $1
             AND id <= (SELECT id FROM beats WHERE monitor = $1 ORDER BY id DESC OFFSET $2 LIMIT 1)",
        )
        .bind(name.as_str())
        .bind(KEPT_BEATS)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(beat)
    }

    async fn beats(&self, name: &Name, limit: i64) -> Result<Vec<Beat>, StoreError> {
        self.get(name).await?;
        Ok(sqlx::query_as("SELECT outcome, message, at FROM beats WHERE monitor = $1 ORDER BY id DESC LIMIT $2")
            .bind(name.as_str())
            .bind(limit)
            .fetch_all(&self.pool)
            .await?)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }
}
