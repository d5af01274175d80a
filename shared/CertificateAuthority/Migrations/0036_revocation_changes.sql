-- A list is made of the one before and of what has changed since, and whether anything has is found out without counting every revocation.

-- The transaction that revoked or released. NULL: before there was this column. Every transaction that was open or came after a snapshot is at or above
-- its xmin, so whoever looks from there misses none, in whatever order they commit.
ALTER TABLE ca.revocations ADD COLUMN transaction_id xid8;
ALTER TABLE ca.revocations ALTER COLUMN transaction_id SET DEFAULT pg_current_xact_id();
ALTER TABLE ca.ended_holds ADD COLUMN transaction_id xid8;
ALTER TABLE ca.ended_holds ALTER COLUMN transaction_id SET DEFAULT pg_current_xact_id();

CREATE INDEX revocations_changes ON ca.revocations (transaction_id);
CREATE INDEX revocations_shard_changes ON ca.revocations ((get_byte(serial, octet_length(serial) - 1)), transaction_id);
CREATE INDEX ended_holds_changes ON ca.ended_holds (transaction_id);
CREATE INDEX ended_holds_shard_changes ON ca.ended_holds ((get_byte(serial, octet_length(serial) - 1)), transaction_id);
DROP INDEX ca.revocations_shard;
DROP INDEX ca.ended_holds_shard;

ALTER TABLE ca.revocation_lists DROP COLUMN revocations;
-- ca.revocation_mark when the list was made, and when the last list was made of all revocations. NULL: unknown, so that the list is out of date.
ALTER TABLE ca.revocation_lists ADD COLUMN server timestamptz, ADD COLUMN since xid8, ADD COLUMN changes bigint, ADD COLUMN whole_at timestamptz;

DROP FUNCTION ca.revocation_mark(int);

-- What has changed since a moment: the same answer means nothing has. Without a moment, or when the server was started since, from now on.
--   p_shard: last octet of the serial number; -1: all of them. p_server, p_since: of an earlier answer.
CREATE FUNCTION ca.revocation_mark(p_shard int, p_server timestamptz, p_since xid8, OUT server timestamptz, OUT since xid8, OUT changes bigint)
LANGUAGE plpgsql STABLE
-- The plan is cached, perhaps from when the tables were small.
SET enable_seqscan = off
AS $$
DECLARE
  v_now pg_snapshot := pg_current_snapshot();
BEGIN
  server := pg_postmaster_start_time();
  since := CASE WHEN p_server = server THEN p_since END;
  -- A restored backup goes on with the numbers of another server.
  since := coalesce(since, pg_snapshot_xmin(v_now));
  -- Twice, because a hold that ended took one row away.
  IF p_shard = -1 THEN
    changes := (SELECT count(*) FROM ca.revocations r WHERE r.transaction_id >= since AND r.transaction_id < pg_snapshot_xmax(v_now))
      + 2 * (SELECT count(*) FROM ca.ended_holds h WHERE h.transaction_id >= since AND h.transaction_id < pg_snapshot_xmax(v_now));
  ELSE
    changes := (SELECT count(*) FROM ca.revocations r
        WHERE get_byte(r.serial, octet_length(r.serial) - 1) = p_shard AND r.transaction_id >= since AND r.transaction_id < pg_snapshot_xmax(v_now))
      + 2 * (SELECT count(*) FROM ca.ended_holds h
        WHERE get_byte(h.serial, octet_length(h.serial) - 1) = p_shard AND h.transaction_id >= since AND h.transaction_id < pg_snapshot_xmax(v_now));
  END IF;
END $$;
