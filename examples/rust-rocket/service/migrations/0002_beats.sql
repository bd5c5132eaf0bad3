CREATE TABLE beats (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    monitor text        NOT NULL REFERENCES monitors (name) ON DELETE CASCADE,
    outcome text        NOT NULL CHECK (outcome IN ('ok', 'failed')),
    message text        NOT NULL DEFAULT '',
    at      timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX beats_newest ON beats (monitor, id DESC);
