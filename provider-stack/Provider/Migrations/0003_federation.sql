-- The platform's copy of each tenant's client secret, encrypted under the data folder's key; chosen before the client is made.
CREATE TABLE provider.federation_secrets (
  tenant_id   text PRIMARY KEY,
  ciphertext  text NOT NULL,
  created_at  timestamptz NOT NULL
);

-- What the platform's own login enforces. The secret has 256 random bits, so a plain hash is enough.
CREATE TABLE provider.federation_clients (
  client_id      text PRIMARY KEY,
  tenant_id      text NOT NULL UNIQUE,
  secret_sha256  bytea NOT NULL CHECK (octet_length(secret_sha256) = 32),
  redirect_uri   text,
  created_at     timestamptz NOT NULL
);
