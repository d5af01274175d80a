-- Earlier Sub-CAs that the provider was told to revoke, by subject key identifier.
CREATE TABLE tenant.retired_sub_cas (
  key_id bytea PRIMARY KEY,
  retired_at timestamptz NOT NULL
);
