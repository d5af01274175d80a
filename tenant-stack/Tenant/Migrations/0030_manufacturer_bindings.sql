-- The manufacturer certificate a device came with: hashes of trust anchor, issuer and serialNumber attribute, and of its key.
CREATE TABLE tenant.manufacturer_bindings (
  device_id text COLLATE "C" PRIMARY KEY REFERENCES tenant.devices,
  serial_sha256 bytea CHECK (octet_length(serial_sha256) = 32),
  key_sha256 bytea NOT NULL CHECK (octet_length(key_sha256) = 32),
  bound_at timestamptz NOT NULL
);
