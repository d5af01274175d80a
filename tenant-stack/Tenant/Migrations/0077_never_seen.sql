-- Devices that were never connected are found without reading all that were. A device is seen once: when its row of presence is made, by whichever process.
ALTER TABLE tenant.devices ADD COLUMN seen boolean NOT NULL DEFAULT false;

CREATE FUNCTION tenant.mark_seen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE tenant.devices SET seen = true WHERE device_id = NEW.device_id AND NOT seen;
  RETURN NULL;
END $$;

-- A row that ON CONFLICT updates is not inserted: who comes and goes costs nothing more.
CREATE TRIGGER device_seen AFTER INSERT ON tenant.device_presence FOR EACH ROW EXECUTE FUNCTION tenant.mark_seen();

UPDATE tenant.devices d SET seen = true FROM tenant.device_presence p WHERE p.device_id = d.device_id;

CREATE INDEX devices_never_seen ON tenant.devices (device_id) WHERE status = 'enrolled' AND NOT seen;
