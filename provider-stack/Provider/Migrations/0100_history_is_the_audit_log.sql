-- A tenant's history is read from the audit log, by subject; the copy of it goes.
CREATE INDEX entries_by_subject ON audit.entries (subject, sequence);

DROP TABLE provider.tenant_events;
