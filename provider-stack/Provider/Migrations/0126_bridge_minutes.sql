-- How many messages each tenant's bridge brought in a minute, to all processes together. For rates: an hour of it is kept, and a crash may lose it.
CREATE UNLOGGED TABLE provider.bridge_minutes (
  tenant_id text COLLATE "C" NOT NULL,
  minute    timestamptz      NOT NULL,
  messages  bigint           NOT NULL,
  PRIMARY KEY (tenant_id, minute)
);
CREATE INDEX bridge_minutes_by_minute ON provider.bridge_minutes (minute);
