-- A tenant's history, made from the platform's events. It outlives the tenant.
CREATE TABLE provider.tenant_events (
  event_id    uuid PRIMARY KEY,
  tenant_id   text NOT NULL,
  sequence    bigint NOT NULL,
  type        text NOT NULL,
  occurred_at timestamptz NOT NULL,
  caused_by   text NOT NULL,
  event       jsonb NOT NULL
);

CREATE INDEX tenant_events_newest ON provider.tenant_events (tenant_id, sequence);
