-- How far telemetry went up to the provider: what is up to this sequence was acknowledged by its broker.
CREATE TABLE tenant.uplink (
  only_row  boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
  sequence  bigint      NOT NULL,
  moved_at  timestamptz NOT NULL
);

INSERT INTO tenant.uplink (sequence, moved_at) VALUES (0, now());
