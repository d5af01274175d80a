-- A device on hold keeps its keys and its address, and is refused until it is released or revoked.
ALTER TABLE tenant.devices DROP CONSTRAINT devices_status_check, DROP CONSTRAINT devices_check;
ALTER TABLE tenant.devices
  ADD CONSTRAINT devices_status_check CHECK (status IN ('enrolled', 'held', 'revoked')),
  ADD CONSTRAINT devices_check CHECK ((status <> 'enrolled') = (revoked_at IS NOT NULL));
