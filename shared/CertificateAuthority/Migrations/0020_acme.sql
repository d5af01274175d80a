-- ACME (RFC 8555): accounts, orders, what each order has to prove and how.
CREATE SCHEMA acme;

-- One row: what nonces are sealed with, so that every process knows those of the others.
CREATE TABLE acme.nonce_key (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  key bytea NOT NULL
);

CREATE TABLE acme.accounts (
  id text PRIMARY KEY,
  provisioner text NOT NULL,
  -- RFC 7638, base64url.
  thumbprint text NOT NULL,
  jwk text NOT NULL,
  contacts text[] NOT NULL,
  status text NOT NULL CHECK (status IN ('valid', 'deactivated')),
  created_at timestamptz NOT NULL,
  -- One that never has is forgotten after a while.
  has_ordered boolean NOT NULL DEFAULT false,
  UNIQUE (provisioner, thumbprint)
);

CREATE TABLE acme.orders (
  id text PRIMARY KEY,
  account_id text NOT NULL REFERENCES acme.accounts ON DELETE CASCADE,
  status text NOT NULL CHECK (status IN ('pending', 'ready', 'valid', 'invalid')),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  not_before timestamptz,
  not_after timestamptz,
  -- The problem document of the challenge that failed.
  error text,
  serial bytea,
  certificate_until timestamptz
);

CREATE INDEX orders_account ON acme.orders (account_id, created_at DESC);
CREATE INDEX orders_serial ON acme.orders (serial) WHERE serial IS NOT NULL;
CREATE INDEX orders_expires ON acme.orders (expires_at);

CREATE TABLE acme.authorizations (
  id text PRIMARY KEY,
  order_id text NOT NULL REFERENCES acme.orders ON DELETE CASCADE,
  position smallint NOT NULL,
  type text NOT NULL CHECK (type IN ('dns', 'ip')),
  value text NOT NULL,
  wildcard boolean NOT NULL,
  status text NOT NULL CHECK (status IN ('pending', 'valid', 'invalid', 'deactivated'))
);

CREATE INDEX authorizations_order ON acme.authorizations (order_id);

CREATE TABLE acme.challenges (
  id text PRIMARY KEY,
  authorization_id text NOT NULL REFERENCES acme.authorizations ON DELETE CASCADE,
  position smallint NOT NULL,
  type text NOT NULL,
  token text NOT NULL,
  status text NOT NULL CHECK (status IN ('pending', 'processing', 'valid', 'invalid')),
  attempts int NOT NULL DEFAULT 0,
  -- While it is processing: when it is due, and while a process is at it, when another may take it over.
  due_at timestamptz,
  validated_at timestamptz,
  error text
);

CREATE INDEX challenges_authorization ON acme.challenges (authorization_id);
CREATE INDEX challenges_due ON acme.challenges (due_at) WHERE status = 'processing';
