CREATE TABLE monitors (
    name           text        PRIMARY KEY,
    period_seconds bigint      NOT NULL CHECK (period_seconds > 0),
    grace_seconds  bigint      NOT NULL CHECK (grace_seconds >= 0),
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
