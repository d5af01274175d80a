-- What is left of each tenant's budget: one for all processes, and the same after a restart. Negative: waited for.
CREATE TABLE provider.telemetry_budgets (
  tenant_id   text COLLATE "C" PRIMARY KEY REFERENCES provider.tenants ON DELETE CASCADE,
  messages    double precision NOT NULL,
  bytes       double precision NOT NULL,
  refilled_at timestamptz      NOT NULL
);
