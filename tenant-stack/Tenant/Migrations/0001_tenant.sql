CREATE SCHEMA tenant;

-- Whose database this is, and which Sub-CA key the provider has confirmed. One row.
CREATE TABLE tenant.identity (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  tenant_id text NOT NULL,
  root_fingerprint text NOT NULL,
  confirmed_at timestamptz
);

CREATE TABLE tenant.devices (
  device_id text COLLATE "C" PRIMARY KEY
    CHECK (char_length(device_id) BETWEEN 1 AND 64 AND device_id ~ '^[a-z0-9.-]+$'),
  device_name text CHECK (char_length(device_name) <= 128),
  device_type text CHECK (char_length(device_type) <= 64),
  status text NOT NULL CHECK (status IN ('enrolled', 'revoked')),
  enrolled_at timestamptz NOT NULL,
  enrolled_by text NOT NULL,
  -- Null until the first certificate is out.
  certificate_serial bytea,
  not_after timestamptz,
  revoked_at timestamptz,
  revoked_by text,
  revocation_reason text,
  CHECK ((status = 'revoked') = (revoked_at IS NOT NULL))
);

-- Every public key a device ever proved to hold. A key belongs to one device for ever; a retired one gets no certificate again.
CREATE TABLE tenant.device_keys (
  key_sha256 bytea PRIMARY KEY CHECK (octet_length(key_sha256) = 32),
  device_id text COLLATE "C" NOT NULL REFERENCES tenant.devices,
  first_used_at timestamptz NOT NULL,
  retired_at timestamptz
);
CREATE INDEX device_keys_device ON tenant.device_keys (device_id);

CREATE TABLE tenant.enrollment_tokens (
  id uuid PRIMARY KEY,
  token_sha256 bytea NOT NULL UNIQUE CHECK (octet_length(token_sha256) = 32),
  device_id text COLLATE "C",
  uses integer NOT NULL CHECK (uses BETWEEN 1 AND 100000),
  used integer NOT NULL DEFAULT 0 CHECK (used BETWEEN 0 AND uses),
  note text CHECK (char_length(note) <= 256),
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  revoked_by text,
  CHECK (device_id IS NULL OR uses = 1)
);
CREATE INDEX enrollment_tokens_device ON tenant.enrollment_tokens (device_id) WHERE device_id IS NOT NULL;

-- One row per use of an authorisation (token:{id} or manufacturer:{certificate hash}): what makes a retry free.
CREATE TABLE tenant.enrollments (
  authorization_id text NOT NULL,
  device_id text COLLATE "C" NOT NULL REFERENCES tenant.devices,
  key_sha256 bytea NOT NULL REFERENCES tenant.device_keys,
  enrolled_at timestamptz NOT NULL,
  -- Counts up when a retry comes so late that the stored certificate is due for renewal.
  issuance integer NOT NULL DEFAULT 1,
  renew_after timestamptz,
  PRIMARY KEY (authorization_id, device_id, key_sha256)
);
