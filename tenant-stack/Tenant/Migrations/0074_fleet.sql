-- What the fleet is filtered by.
CREATE INDEX devices_by_type ON tenant.devices (device_type, device_id) WHERE device_type IS NOT NULL;
CREATE INDEX devices_shut_out ON tenant.devices (status, device_id) WHERE status <> 'enrolled';
CREATE INDEX devices_by_end ON tenant.devices (not_after, device_id) WHERE status = 'enrolled';
CREATE INDEX device_presence_online ON tenant.device_presence (device_id) WHERE online;

-- Words by which people group devices.
CREATE TABLE tenant.device_tags (
  device_id text COLLATE "C" NOT NULL REFERENCES tenant.devices,
  tag       text COLLATE "C" NOT NULL CHECK (tag ~ '^[a-z0-9]([a-z0-9._-]{0,30}[a-z0-9])?$'),
  PRIMARY KEY (device_id, tag)
);
CREATE INDEX device_tags_of_tag ON tenant.device_tags (tag, device_id);

-- When each device came and went, whoever noticed: its last hundred changes.
CREATE TABLE tenant.presence_changes (
  device_id text COLLATE "C" NOT NULL,
  sequence  bigint           NOT NULL,
  at        timestamptz      NOT NULL,
  online    boolean          NOT NULL,
  PRIMARY KEY (device_id, sequence)
);

CREATE FUNCTION tenant.keep_presence_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO tenant.presence_changes (device_id, sequence, at, online) VALUES (NEW.device_id, NEW.sequence, NEW.since, NEW.online) ON CONFLICT DO NOTHING;
  DELETE FROM tenant.presence_changes c WHERE c.device_id = NEW.device_id
    AND c.sequence <= (SELECT o.sequence FROM tenant.presence_changes o WHERE o.device_id = NEW.device_id ORDER BY o.sequence DESC OFFSET 100 LIMIT 1);
  RETURN NULL;
END $$;

CREATE TRIGGER device_presence_changed AFTER INSERT OR UPDATE OF online ON tenant.device_presence
  FOR EACH ROW EXECUTE FUNCTION tenant.keep_presence_change();

INSERT INTO tenant.presence_changes (device_id, sequence, at, online) SELECT device_id, sequence, since, online FROM tenant.device_presence;
