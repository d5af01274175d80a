-- Nothing in the platform consumes its own events any more.
DROP TABLE events.inbox;
