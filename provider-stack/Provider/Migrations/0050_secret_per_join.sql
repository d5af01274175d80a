-- The client secret in the bundle of a JOIN that is to replace another one: the tenant's once that JOIN is confirmed, and nobody's if it is taken back.
CREATE TABLE provider.join_secrets (
  join_id     uuid PRIMARY KEY REFERENCES provider.joins ON DELETE CASCADE,
  ciphertext  text NOT NULL,
  created_at  timestamptz NOT NULL
);

-- The identity provider does not have what was decided here yet; retried until it has.
ALTER TABLE provider.tenants ADD federation_due_at timestamptz;

CREATE INDEX tenants_federation_due ON provider.tenants (federation_due_at) WHERE federation_due_at IS NOT NULL;
