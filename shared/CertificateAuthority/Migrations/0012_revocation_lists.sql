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

-- As before, but for OCSP responders: one is made when somebody asks and not in time, so nobody misses the one before.
CREATE OR REPLACE FUNCTION ca.tell_expiring(p_now timestamptz, p_limit int, p_first boolean, OUT told int, OUT more boolean)
LANGUAGE plpgsql
-- Planned each time for the limit and the moment given: a plan for any moment would sort the table.
SET plan_cache_mode = force_custom_plan
-- The statistics may be from when the tables were small.
SET enable_seqscan = off
-- That makes plans look dear enough to be compiled, for ten times what running them takes.
SET jit = off
AS $$
DECLARE
  v_scan ca.expiry_scan;
  v_examined int;
  v_subjects text[];
  v_details text[];
BEGIN
  -- What ran out before anybody looked is history.
  INSERT INTO ca.expiry_scan (began, scanned_until, scanned_id) VALUES (p_now, (p_now AT TIME ZONE 'UTC') - interval '30 days', 0) ON CONFLICT DO NOTHING;
  SELECT * INTO STRICT v_scan FROM ca.expiry_scan FOR UPDATE;
  IF p_first THEN
    -- For certificates committed behind the scan: those that took a while, and all since a clock was set back.
    v_scan.scanned_until := least(v_scan.scanned_until, p_now AT TIME ZONE 'UTC') - interval '5 minutes';
    v_scan.scanned_id := 0;
  END IF;

  WITH due AS MATERIALIZED (
    SELECT c.id, c.serial, c.subject, c.profile, c.tenant, c.not_after, ca.expiring_from(c.not_before, c.not_after, c.issued_at) AS due_at
    FROM ca.certificates c
    WHERE (ca.expiring_from(c.not_before, c.not_after, c.issued_at), c.id) > (v_scan.scanned_until, v_scan.scanned_id)
      AND ca.expiring_from(c.not_before, c.not_after, c.issued_at) <= p_now AT TIME ZONE 'UTC'
    ORDER BY ca.expiring_from(c.not_before, c.not_after, c.issued_at), c.id
    LIMIT p_limit
  ), told AS (
    INSERT INTO ca.told_expiring AS t (serial, told_at)
      SELECT d.serial, p_now FROM due d
      -- Look-ups are scalar subqueries on an index, as in ca.record.
      WHERE d.not_after > v_scan.began
        AND d.profile <> 'ocsp-responder'
        AND (SELECT true FROM ca.told_expiring o WHERE o.serial = d.serial) IS NULL
        AND (SELECT true FROM ca.revocations r WHERE r.serial = d.serial) IS NULL
        AND (SELECT true FROM ca.revoked_subjects s WHERE s.profile = d.profile AND s.subject = d.subject) IS NULL
        -- A renewal keeps profile, subject and tenant. One that was revoked replaces nothing.
        AND (SELECT true FROM ca.certificates n
             WHERE n.subject = d.subject AND n.id > d.id AND n.profile = d.profile AND n.tenant IS NOT DISTINCT FROM d.tenant
               AND (n.renews = d.serial OR n.not_after > d.not_after)
               AND (SELECT true FROM ca.revocations r WHERE r.serial = n.serial) IS NULL
             LIMIT 1) IS NULL
      RETURNING t.serial
  )
  SELECT count(*), count(t.serial),
      array_agg(d.subject ORDER BY d.due_at, d.id) FILTER (WHERE t.serial IS NOT NULL),
      array_agg(format('{"serial":"%s"}', upper(encode(t.serial, 'hex'))) ORDER BY d.due_at, d.id) FILTER (WHERE t.serial IS NOT NULL),
      coalesce((array_agg(d.due_at ORDER BY d.due_at DESC, d.id DESC))[1], v_scan.scanned_until),
      coalesce((array_agg(d.id ORDER BY d.due_at DESC, d.id DESC))[1], v_scan.scanned_id)
    INTO v_examined, told, v_subjects, v_details, v_scan.scanned_until, v_scan.scanned_id
    FROM due d LEFT JOIN told t ON t.serial = d.serial;

  more := v_examined = p_limit;
  UPDATE ca.expiry_scan SET
    began = least(v_scan.began, p_now),
    scanned_until = CASE WHEN more THEN v_scan.scanned_until ELSE p_now AT TIME ZONE 'UTC' END,
    scanned_id = v_scan.scanned_id;
  IF told > 0 THEN
    PERFORM audit.append_many(array_fill('system'::text, ARRAY[told]), array_fill('certificate.expiring'::text, ARRAY[told]), v_subjects, v_details);
  END IF;
END $$;
