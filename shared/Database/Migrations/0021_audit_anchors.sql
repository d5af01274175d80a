-- The last head of another stack's audit log that this one has in its own: tenant:{id} at the provider, provider at a tenant.
CREATE TABLE platform.audit_anchors (
  other text PRIMARY KEY,
  sequence bigint NOT NULL,
  hash text NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
  anchored_at timestamptz NOT NULL
);
