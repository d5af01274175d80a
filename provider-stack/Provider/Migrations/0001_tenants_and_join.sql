-- Tenants, their JOIN keys and the persisted JOIN workflow.
CREATE SCHEMA IF NOT EXISTS provider;

CREATE TABLE provider.tenants (
  tenant_id         text PRIMARY KEY CHECK (tenant_id ~ '^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$'),
  display_name      text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 200),
  status            text NOT NULL CHECK (status IN ('prepared', 'requested', 'joining', 'joined', 'active', 'rejected', 'removing')),
  dns_domains       text[] NOT NULL DEFAULT '{}',
  created_at        timestamptz NOT NULL,
  -- The join, or the removal, that is under way or was the last.
  workflow_id       uuid,
  -- Grows whenever what the workflow works on changes: a pass that began with older input can't finish it.
  workflow_revision integer NOT NULL DEFAULT 0,
  workflow_woken_at timestamptz
);

CREATE INDEX tenants_unfinished ON provider.tenants (workflow_woken_at) WHERE status IN ('joining', 'removing');

CREATE TABLE provider.joins (
  join_id            uuid PRIMARY KEY,
  tenant_id          text NOT NULL REFERENCES provider.tenants ON DELETE CASCADE,
  origin             text NOT NULL CHECK (origin IN ('key', 'request')),
  sub_ca_csr         bytea NOT NULL,
  sub_ca_key_sha256  bytea NOT NULL CHECK (octet_length(sub_ca_key_sha256) = 32),
  sub_ca_public_key  bytea NOT NULL,
  bridge_csr         bytea NOT NULL,
  bridge_key_sha256  bytea NOT NULL CHECK (octet_length(bridge_key_sha256) = 32),
  wg_pubkey          text,
  keycloak_url       text,
  created_at         timestamptz NOT NULL,
  rejected_at        timestamptz,
  reason             text,
  completed_at       timestamptz,
  confirmed_at       timestamptz,
  -- What the steps made.
  sub_ca_serial      bytea,
  bridge_serial      bytea,
  ca_chain           text,
  CHECK (sub_ca_key_sha256 <> bridge_key_sha256)
);

CREATE INDEX joins_of_tenant ON provider.joins (tenant_id);

CREATE TABLE provider.join_keys (
  key_hash    bytea PRIMARY KEY CHECK (octet_length(key_hash) = 32),
  tenant_id   text NOT NULL REFERENCES provider.tenants ON DELETE CASCADE,
  created_at  timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL,
  revoked_at  timestamptz,
  spent_at    timestamptz,
  -- Set once, by the first valid use.
  join_id     uuid REFERENCES provider.joins ON DELETE CASCADE
);

-- A tenant never has two keys that open.
CREATE UNIQUE INDEX join_keys_one_open ON provider.join_keys (tenant_id) WHERE revoked_at IS NULL AND spent_at IS NULL;

-- One row per step of a join or a removal, written in a transaction of its own after the step's effect.
CREATE TABLE provider.join_steps (
  workflow_id   uuid NOT NULL,
  tenant_id     text NOT NULL REFERENCES provider.tenants ON DELETE CASCADE,
  step          text NOT NULL,
  attempts      integer NOT NULL,
  completed_at  timestamptz,
  duration_ms   double precision,
  last_error    text,
  PRIMARY KEY (workflow_id, step)
);
