-- Commands to devices, and what became of each. What is to be delivered is here alone: a process that ends takes nothing with it.
CREATE TABLE tenant.device_commands (
  -- Also what a device knows a repetition by.
  id           bigint           PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  device_id    text COLLATE "C" NOT NULL REFERENCES tenant.devices,
  name         text             NOT NULL,
  -- json, not jsonb: it goes out as it came.
  payload      json,
  state        text             NOT NULL CHECK (state IN ('queued', 'delivered', 'answered', 'refused', 'cancelled', 'expired')),
  created_at   timestamptz      NOT NULL,
  created_by   text             NOT NULL,
  expires_at   timestamptz      NOT NULL,
  delivered_at timestamptz,
  ended_at     timestamptz,
  answer       json,
  reason       text
);

CREATE INDEX device_commands_of_device ON tenant.device_commands (device_id, id);
CREATE INDEX device_commands_queued ON tenant.device_commands (device_id, id) WHERE state = 'queued';
CREATE INDEX device_commands_expiring ON tenant.device_commands (expires_at) WHERE state IN ('queued', 'delivered');
CREATE INDEX device_commands_ended ON tenant.device_commands (ended_at) WHERE ended_at IS NOT NULL;
