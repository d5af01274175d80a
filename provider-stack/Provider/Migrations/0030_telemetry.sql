-- Telemetry of all tenants. A partition a day (UTC) of sent_at: a message that comes twice has the same sent_at, so its copy meets it
-- in the same partition, and retention drops whole partitions. The platform makes them as they are needed.
CREATE TABLE provider.telemetry (
  tenant_id    text        NOT NULL,
  device_id    text        NOT NULL,
  -- The message's own timestamp; without one, when it was received.
  sent_at      timestamptz NOT NULL,
  -- First 16 bytes of SHA-256 over topic and payload.
  identity     bytea       NOT NULL CHECK (length(identity) = 16),
  received_at  timestamptz NOT NULL,
  topic        text        NOT NULL,
  -- json, not jsonb: it comes back as it was sent, and everything a JSON parser accepts can be stored.
  payload      json        NOT NULL,
  PRIMARY KEY (tenant_id, device_id, sent_at, identity)
) PARTITION BY RANGE (sent_at);

CREATE INDEX telemetry_of_tenant ON provider.telemetry (tenant_id, sent_at);
