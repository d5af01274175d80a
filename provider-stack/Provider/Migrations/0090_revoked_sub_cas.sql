-- The list of revoked Sub-CAs as it was signed last. One row: every process serves the same list, and its number only grows.
CREATE TABLE provider.revoked_sub_cas (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  number bigint NOT NULL,
  der bytea NOT NULL
);
