ALTER TABLE links
    ADD COLUMN hits        bigint NOT NULL DEFAULT 0,
    ADD COLUMN last_hit_at timestamptz;

ALTER TABLE links
    ADD CONSTRAINT links_hits_not_negative CHECK (hits >= 0);
