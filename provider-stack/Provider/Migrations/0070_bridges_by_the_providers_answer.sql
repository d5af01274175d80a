-- When a broker last asked the provider about the platform's own login.
CREATE TABLE provider.broker_question (
  singleton boolean PRIMARY KEY CHECK (singleton),
  asked_at timestamptz NOT NULL
);

-- Bridges lose their permissions at the broker: the provider's answer is their only way in.
UPDATE provider.tenants SET broker_due_at = now() WHERE status <> 'removing';
