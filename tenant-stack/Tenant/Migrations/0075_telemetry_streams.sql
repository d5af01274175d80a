-- Lists of events and of state, newest first, which are few among the telemetry.
CREATE INDEX telemetry_events ON tenant.telemetry (sent_at, identity) WHERE starts_with(topic, 'events/');
CREATE INDEX telemetry_state ON tenant.telemetry (sent_at, identity) WHERE starts_with(topic, 'status/');
