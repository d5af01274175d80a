-- From when a certificate is about to run out: a fifth of its lifetime is left, at most 30 days; not before it was issued.
-- Without a time zone (it is UTC), because only that arithmetic is immutable, which an index needs. Inlined where it is used.
CREATE FUNCTION ca.expiring_from(not_before timestamptz, not_after timestamptz, issued_at timestamptz) RETURNS timestamp
LANGUAGE sql IMMUTABLE AS $$
  SELECT greatest((not_after AT TIME ZONE 'UTC') - least((not_after - not_before) / 5, interval '30 days'), issued_at AT TIME ZONE 'UTC')
$$;

CREATE INDEX certificates_expiring ON ca.certificates (ca.expiring_from(not_before, not_after, issued_at), id);

-- Which were told. The scan goes over a moment more than once; this makes it tell each once.
CREATE TABLE ca.told_expiring (
  serial bytea PRIMARY KEY REFERENCES ca.certificates (serial),
  told_at timestamptz NOT NULL
);

-- Up to where the scan has come, in the order of the index.
CREATE TABLE ca.expiry_scan (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  began timestamptz NOT NULL,
  scanned_until timestamp NOT NULL,
  scanned_id bigint NOT NULL
);

-- One batch of the scan: tells those that came due and were not replaced, in the audit log, and moves on. Calls wait for one another.
--   p_first: begins a scan, from a little before where the last one ended. more: call again, without p_first.
CREATE FUNCTION ca.tell_expiring(p_now timestamptz, p_limit int, p_first boolean, OUT told int, OUT more boolean)
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
