-- Devices that prove who they are by evidence of their hardware (draft-ietf-acme-device-attest).
ALTER TABLE acme.authorizations
  DROP CONSTRAINT authorizations_type_check,
  ADD CONSTRAINT authorizations_type_check CHECK (type IN ('dns', 'ip', 'permanent-identifier')),
  -- SHA-256 of the SubjectPublicKeyInfo of the key that the certificate is for.
  ADD COLUMN attested_key bytea;
