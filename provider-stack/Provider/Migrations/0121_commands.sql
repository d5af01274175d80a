-- Commands of the platform's staff to tenants' devices, and what each tenant reported of them.
CREATE TABLE provider.tenant_commands (
  -- Never used again, also after a restore: the tenant knows a repetition by it.
  id           uuid             PRIMARY KEY,
  tenant_id    text COLLATE "C" NOT NULL REFERENCES provider.tenants ON DELETE CASCADE,
  device_id    text COLLATE "C" NOT NULL,
  name         text             NOT NULL,
  -- json, not jsonb: it goes out as it came.
  payload      json,
  state        text             NOT NULL CHECK (state IN ('queued', 'delivered', 'answered', 'refused', 'cancelled', 'expired')),
  created_at   timestamptz      NOT NULL,
  created_by   text             NOT NULL,
  expires_at   timestamptz      NOT NULL,
  -- Until the tenant has it, it is sent again and again.
  next_try_at  timestamptz      NOT NULL,
  taken_at     timestamptz,
  delivered_at timestamptz,
  ended_at     timestamptz,
  answer       json,
  reason       text
);

CREATE INDEX tenant_commands_of_device ON provider.tenant_commands (tenant_id, device_id, id);
CREATE INDEX tenant_commands_due ON provider.tenant_commands (next_try_at) WHERE taken_at IS NULL AND ended_at IS NULL;
CREATE INDEX tenant_commands_old ON provider.tenant_commands (expires_at);
