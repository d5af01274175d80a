-- Secrets of the platform's own clients in the tenant's realm, encrypted under the data folder's key.
CREATE TABLE tenant.realm_secrets (
  client_id   text PRIMARY KEY,
  ciphertext  text NOT NULL,
  created_at  timestamptz NOT NULL
);
