-- Event webhooks: HTTPS destinations that are told events. Each reads the audit log from its own position, so nothing is queued twice and nothing is lost with a process.
CREATE TABLE ca.event_webhooks (
  name text PRIMARY KEY,
  url text NOT NULL,
  -- Of events; empty: all.
  types text[] NOT NULL,
  -- Encrypted under the data folder's key.
  secret text NOT NULL,
  -- What is delivered up to this entry of the audit log is delivered.
  position bigint NOT NULL,
  -- Of the event after it.
  attempts int NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL,
  last_error text,
  delivered_at timestamptz,
  created_at timestamptz NOT NULL,
  -- Of this destination, and of no other by its name.
  version bigint NOT NULL DEFAULT nextval('ca.versions')
);

-- What could not be delivered.
CREATE TABLE ca.event_dead_letters (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  webhook text NOT NULL REFERENCES ca.event_webhooks ON DELETE CASCADE,
  event_id uuid NOT NULL,
  type text NOT NULL,
  body text NOT NULL,
  reason text NOT NULL,
  failed_at timestamptz NOT NULL,
  -- To be delivered again.
  is_due boolean NOT NULL DEFAULT false,
  UNIQUE (webhook, event_id)
);
