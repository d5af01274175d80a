-- Which process has the device's connection; null: a poll of all connections found it. A process holds an advisory lock for its number as long as it
-- lives, so of one that is gone it is known that its devices are not connected any more.
CREATE SEQUENCE tenant.presence_owners AS integer CYCLE;

ALTER TABLE tenant.device_presence ADD COLUMN owner integer;
