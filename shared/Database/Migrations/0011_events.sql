-- The audit log is the outbox: an act and its entry commit together, and audit.head's lock gives sequence numbers in the order of
-- commits, without gaps. So where the relay stands is one number, and nothing can become visible behind it.
CREATE SCHEMA events;

CREATE TABLE events.relay (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  position bigint NOT NULL
);

-- What happened before there were events is history.
INSERT INTO events.relay (position) SELECT sequence FROM audit.head;

-- What each consumer has done, written together with what it did.
CREATE TABLE events.inbox (
  consumer text NOT NULL,
  event_id uuid NOT NULL,
  handled_at timestamptz NOT NULL,
  PRIMARY KEY (consumer, event_id)
);

CREATE INDEX inbox_by_age ON events.inbox (handled_at);
