-- Events and state go up, too, before telemetry and with a cursor of their own. Those from before this stay here, as they were meant to.
ALTER TABLE tenant.uplink RENAME COLUMN sequence TO telemetry;
ALTER TABLE tenant.uplink ADD COLUMN events bigint NOT NULL DEFAULT 0;
UPDATE tenant.uplink SET events = coalesce((SELECT max(sequence) FROM tenant.telemetry), 0);

CREATE INDEX telemetry_events_in_order ON tenant.telemetry (sequence) WHERE NOT starts_with(topic, 'telemetry/');
