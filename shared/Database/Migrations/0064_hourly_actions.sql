-- How often each action on certificates happened, by the hour: what charts are drawn from. Counted behind the audit log, in its order, so each entry counts once.
CREATE SCHEMA portal;

CREATE TABLE portal.hourly_actions (
  hour   timestamptz NOT NULL,
  action text        NOT NULL,
  count  bigint      NOT NULL,
  PRIMARY KEY (hour, action)
);

-- What is up to this sequence was counted.
CREATE TABLE portal.counted (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  sequence bigint  NOT NULL
);
INSERT INTO portal.counted (sequence) VALUES (0);
