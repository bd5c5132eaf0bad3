CREATE TABLE links (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug       text        NOT NULL CONSTRAINT links_slug_key UNIQUE,
    url        text        NOT NULL,
    title      text        NOT NULL DEFAULT '',
    status     integer     NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
