-- What this tenant's devices sent. A partition a day (UTC) of sent_at: a message that comes twice has the same sent_at, so its copy meets
-- it in the same partition, and retention drops whole partitions. The platform makes them as they are needed.
CREATE SEQUENCE tenant.telemetry_sequence;

CREATE TABLE tenant.telemetry (
  device_id    text COLLATE "C" NOT NULL,
  -- The message's own timestamp; without one, when it was received.
  sent_at      timestamptz      NOT NULL,
  -- First 16 bytes of SHA-256 over topic and payload.
  identity     bytea            NOT NULL CHECK (length(identity) = 16),
  received_at  timestamptz      NOT NULL,
  topic        text             NOT NULL,
  -- json, not jsonb: it comes back as it was sent.
  payload      json             NOT NULL,
  -- Counts up in the order of commits: what is behind the uplink's cursor was sent.
  sequence     bigint           NOT NULL DEFAULT nextval('tenant.telemetry_sequence'),
  PRIMARY KEY (device_id, sent_at, identity)
) PARTITION BY RANGE (sent_at);

-- What goes up to the provider.
CREATE INDEX telemetry_in_order ON tenant.telemetry (sequence) WHERE starts_with(topic, 'telemetry/');

-- The newest message that each device published about its state.
CREATE TABLE tenant.device_state (
  device_id    text COLLATE "C" PRIMARY KEY,
  sent_at      timestamptz      NOT NULL,
  received_at  timestamptz      NOT NULL,
  topic        text             NOT NULL,
  payload      json             NOT NULL
);
