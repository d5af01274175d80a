-- Which devices are connected to this tenant's broker. A row is also the event that is to be told of it: a change before that takes its place.
CREATE SEQUENCE tenant.presence_sequence;

CREATE TABLE tenant.device_presence (
  device_id text COLLATE "C" PRIMARY KEY REFERENCES tenant.devices,
  online boolean NOT NULL,
  since timestamptz NOT NULL,
  event_id uuid NOT NULL,
  sequence bigint NOT NULL,
  told boolean NOT NULL
);

CREATE INDEX device_presence_untold ON tenant.device_presence (sequence) WHERE NOT told;
