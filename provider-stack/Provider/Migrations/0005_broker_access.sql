-- A suspended tenant keeps everything but its way in.
ALTER TABLE provider.tenants
  ADD suspended_at      timestamptz,
  ADD suspended_reason  text CHECK (length(suspended_reason) BETWEEN 1 AND 500),
  -- The broker does not have what was decided here yet; retried until it has.
  ADD broker_due_at     timestamptz;

CREATE INDEX tenants_broker_due ON provider.tenants (broker_due_at) WHERE broker_due_at IS NOT NULL;

ALTER TABLE provider.broker_namespaces ADD suspended boolean NOT NULL DEFAULT false;
