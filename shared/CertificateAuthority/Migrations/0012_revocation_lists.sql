-- The last CRL that was signed for each issuer and shard (-1: the complete one), for every process that serves it.
CREATE TABLE ca.revocation_lists (
  issuer_key_id bytea NOT NULL,
  shard smallint NOT NULL CHECK (shard BETWEEN -1 AND 255),
  number bigint NOT NULL DEFAULT 0,
  -- How many revocations the shard had, of all issuers: with one more, the list is out of date.
  revocations bigint NOT NULL DEFAULT -1,
  this_update timestamptz NOT NULL DEFAULT '-infinity',
  next_update timestamptz NOT NULL DEFAULT '-infinity',
  der bytea NOT NULL DEFAULT '',
  PRIMARY KEY (issuer_key_id, shard)
);

CREATE INDEX revocations_shard ON ca.revocations ((get_byte(serial, octet_length(serial) - 1)));
