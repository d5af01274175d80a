-- Lists of events and of state, newest first, which are few among the telemetry.
CREATE INDEX telemetry_events ON provider.telemetry (tenant_id, sent_at, identity) WHERE starts_with(topic, 'events/');
CREATE INDEX telemetry_state ON provider.telemetry (tenant_id, sent_at, identity) WHERE starts_with(topic, 'status/');
