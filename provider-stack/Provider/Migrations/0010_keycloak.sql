-- Secrets of the platform's own clients at Keycloak, encrypted under the data folder's key; chosen before the client is made.
CREATE TABLE provider.keycloak_secrets (
  client_id   text PRIMARY KEY,
  ciphertext  text NOT NULL,
  created_at  timestamptz NOT NULL
);

-- Each tenant's client at Keycloak: written before the client is asked for, so that a crash leaves a trace of what was asked.
CREATE TABLE provider.keycloak_registrations (
  tenant_id     text PRIMARY KEY,
  redirect_uri  text NOT NULL,
  -- The registration access token, encrypted; null: not known (yet, or no longer).
  ciphertext    text,
  updated_at    timestamptz NOT NULL
);

-- A client secret that is on its way to the identity provider and takes the other's place once it has arrived.
ALTER TABLE provider.federation_secrets ADD COLUMN next_ciphertext text;
