-- Until now nobody published this stack's events: what happened before is history.
UPDATE events.relay SET position = (SELECT sequence FROM audit.head);
