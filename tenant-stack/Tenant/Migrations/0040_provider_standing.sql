-- What the provider refuses this tenant for, until it takes it again: kept, so that a restart does not issue from a revoked Sub-CA.
ALTER TABLE tenant.identity ADD COLUMN refused_code text, ADD COLUMN refused_detail text, ADD COLUMN refused_at timestamptz;
