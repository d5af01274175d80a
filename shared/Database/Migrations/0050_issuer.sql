-- A stack's own OpenID provider. What a person is called to other servers: never given to another account, also not of a database made anew.
ALTER TABLE accounts.accounts ADD subject uuid NOT NULL UNIQUE DEFAULT gen_random_uuid();

CREATE SCHEMA issuer;

-- The tables of OpenIddict's entities, as its EF Core stores read them: lists and settings are JSON in text.
CREATE TABLE issuer.applications (
  id text PRIMARY KEY,
  application_type text,
  client_id text UNIQUE,
  client_secret text,
  client_type text,
  concurrency_token text,
  consent_type text,
  display_name text,
  display_names text,
  json_web_key_set text,
  permissions text,
  post_logout_redirect_uris text,
  properties text,
  redirect_uris text,
  requirements text,
  settings text
);

CREATE TABLE issuer.authorizations (
  id text PRIMARY KEY,
  application_id text REFERENCES issuer.applications ON DELETE CASCADE,
  concurrency_token text,
  creation_date timestamptz,
  properties text,
  scopes text,
  status text,
  subject text,
  type text
);

CREATE INDEX authorizations_by_application ON issuer.authorizations (application_id, status, subject, type);

CREATE TABLE issuer.scopes (
  id text PRIMARY KEY,
  concurrency_token text,
  description text,
  descriptions text,
  display_name text,
  display_names text,
  name text UNIQUE,
  properties text,
  resources text
);

CREATE TABLE issuer.tokens (
  id text PRIMARY KEY,
  application_id text REFERENCES issuer.applications ON DELETE CASCADE,
  authorization_id text REFERENCES issuer.authorizations ON DELETE CASCADE,
  concurrency_token text,
  creation_date timestamptz,
  expiration_date timestamptz,
  payload text,
  properties text,
  redemption_date timestamptz,
  reference_id text UNIQUE,
  status text,
  subject text,
  type text
);

CREATE INDEX tokens_by_application ON issuer.tokens (application_id, status, subject, type);
CREATE INDEX tokens_by_authorization ON issuer.tokens (authorization_id);

-- What tokens are signed with, and what codes and refresh tokens are encrypted with, under the data folder's key.
CREATE TABLE issuer.keys (
  key_id text PRIMARY KEY,
  ciphertext text NOT NULL,
  created_at timestamptz NOT NULL,
  -- Published before, so that everyone knows it when its first token comes.
  signs_from timestamptz NOT NULL,
  -- Tokens that it signed are good until then; null: no other has taken its place.
  retires_at timestamptz
);
