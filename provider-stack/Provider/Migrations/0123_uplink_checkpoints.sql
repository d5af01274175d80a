-- Up to when each tenant's messages have been acknowledged, as the tenant says: after a restore, it resends what it received since.
CREATE TABLE provider.uplink_checkpoints (
  tenant_id          text COLLATE "C" PRIMARY KEY REFERENCES provider.tenants ON DELETE CASCADE,
  acknowledged_until timestamptz      NOT NULL
);
