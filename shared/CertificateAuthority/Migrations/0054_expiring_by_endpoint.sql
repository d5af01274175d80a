-- Whether a certificate was replaced is its endpoint's to say: another endpoint's of the same subject replaces nothing, and one of the same names in another order does.

-- A restored database has no statistics, and those of others may be from when the tables were small: endpoints are gone through, and everything else is looked up.
SET LOCAL enable_seqscan = off;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL jit = off;

-- The keys of leaves that the function below changes: the new one is the former function's with the first name as the subject. Of several endpoints that are one by now the newest goes on, with the certificates of all.
DO $$
DECLARE
  v_scan ca.inventory_scan;
  v_moved record;
  v_ids bigint[];
  v_first timestamptz;
  v_told timestamptz;
BEGIN
  -- Waits for a batch under way. One that waits for this would go on with former keys: it misses the row that it waited for, and fails; the next is by the function below.
  DELETE FROM ca.inventory_scan RETURNING * INTO STRICT v_scan;
  INSERT INTO ca.inventory_scan SELECT v_scan.*;

  FOR v_moved IN
    SELECT o.key, array_agg(o.id) AS ids
    FROM (
      SELECT p.id, ca.endpoint_key(c.profile, c.provisioner, c.tenant, n.first, c.sans) AS key
      -- Any of its certificates has its names; the newest may be forgotten before the others.
      FROM ca.endpoints p JOIN ca.certificates c ON c.serial = (SELECT m.serial FROM ca.endpoint_certificates m WHERE m.endpoint = p.id LIMIT 1)
        CROSS JOIN LATERAL (SELECT min(lower(s)) AS first FROM unnest(c.sans) s WHERE s <> '') n
      -- A serial number, the key of what is none by its names, is shorter.
      WHERE p.profile = 'leaf' AND octet_length(p.key) = 32
        AND cardinality(c.sans) > 1 AND lower(c.subject) <> n.first AND lower(c.subject) = ANY (ARRAY(SELECT lower(s) FROM unnest(c.sans) s))
        AND p.key = ca.endpoint_key(c.profile, c.provisioner, c.tenant, c.subject, c.sans)) o
    GROUP BY o.key
  LOOP
    SELECT array_agg(e.id ORDER BY e.latest_id DESC), min(e.first_issued_at), max(e.surplus_told_at) INTO v_ids, v_first, v_told
      FROM ca.endpoints e WHERE e.id = ANY (v_moved.ids) OR e.key = v_moved.key;
    IF cardinality(v_ids) > 1 THEN
      UPDATE ca.endpoint_certificates m SET endpoint = v_ids[1] WHERE m.endpoint = ANY (v_ids[2:]);
      DELETE FROM ca.endpoints e WHERE e.id = ANY (v_ids[2:]);
    END IF;
    UPDATE ca.endpoints e SET key = v_moved.key, first_issued_at = v_first, surplus_told_at = v_told WHERE e.id = v_ids[1];
  END LOOP;
END $$;

-- As before; where the subject is one of the alternative names, of a leaf without a common name the first of them, which of them it is says nothing.
CREATE OR REPLACE FUNCTION ca.endpoint_key(p_profile text, p_provisioner text, p_tenant text, p_subject text, p_sans text[]) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(convert_to(array_to_json(ARRAY[p_profile, p_provisioner, p_tenant,
      CASE WHEN p_profile = 'leaf' AND lower(p_subject) = ANY (ARRAY(SELECT lower(s) FROM unnest(p_sans) s)) THEN a.names[1] ELSE lower(p_subject) END] || a.names)::text, 'UTF8'))
  FROM (SELECT ARRAY(SELECT DISTINCT lower(n) FROM unnest(p_sans || p_subject) n WHERE n <> '' ORDER BY 1) AS names) a
$$;

-- As before, by that key.
CREATE OR REPLACE FUNCTION ca.map_endpoints(p_now timestamptz, p_by_names text[], p_limit int, p_first boolean, OUT mapped int, OUT more boolean)
LANGUAGE plpgsql
-- The statistics may be from when the tables were small.
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
  v_scan ca.inventory_scan;
  v_row ca.certificates;
  v_examined int := 0;
  v_endpoint bigint;
  v_key bytea;
BEGIN
  SELECT * INTO STRICT v_scan FROM ca.inventory_scan FOR UPDATE;
  IF p_first THEN
    v_scan.mapped_id := v_scan.settled_id;
  END IF;
  mapped := 0;
  FOR v_row IN SELECT c.* FROM ca.certificates c WHERE c.id > v_scan.mapped_id ORDER BY c.id LIMIT p_limit LOOP
    v_examined := v_examined + 1;
    v_scan.mapped_id := v_row.id;
    -- A commit takes seconds at most; what is older has nothing uncommitted before it.
    IF v_row.issued_at < p_now - interval '5 minutes' THEN
      v_scan.settled_id := v_row.id;
    END IF;
    CONTINUE WHEN ca.is_of_authority(v_row.profile) OR EXISTS (SELECT FROM ca.endpoint_certificates m WHERE m.serial = v_row.serial);

    v_endpoint := NULL;
    IF v_row.renews IS NOT NULL THEN
      SELECT m.endpoint INTO v_endpoint FROM ca.endpoint_certificates m WHERE m.serial = v_row.renews;
    END IF;
    IF v_endpoint IS NULL THEN
      -- What no token bought is one of a kind by its name: a device, a bridge, a service.
      v_key := CASE WHEN v_row.profile <> 'leaf' OR v_row.provisioner = ANY (p_by_names)
        THEN ca.endpoint_key(v_row.profile, v_row.provisioner, v_row.tenant, v_row.subject, v_row.sans)
        ELSE v_row.serial END;
      INSERT INTO ca.endpoints AS e (key, subject, profile, provisioner, tenant, first_issued_at, latest_id, latest_serial, latest_not_after)
        VALUES (v_key, v_row.subject, v_row.profile, v_row.provisioner, v_row.tenant, v_row.issued_at, v_row.id, v_row.serial, v_row.not_after)
        ON CONFLICT (key) DO NOTHING RETURNING e.id INTO v_endpoint;
      IF v_endpoint IS NULL THEN
        SELECT e.id INTO STRICT v_endpoint FROM ca.endpoints e WHERE e.key = v_key;
      ELSE
        INSERT INTO ca.endpoint_names (name, endpoint) SELECT DISTINCT lower(n), v_endpoint FROM unnest(v_row.sans || v_row.subject) n WHERE n <> '';
      END IF;
    END IF;
    INSERT INTO ca.endpoint_certificates (serial, endpoint) VALUES (v_row.serial, v_endpoint);
    UPDATE ca.endpoints e SET latest_id = v_row.id, latest_serial = v_row.serial, latest_not_after = v_row.not_after
      WHERE e.id = v_endpoint AND e.latest_id < v_row.id;
    mapped := mapped + 1;
  END LOOP;
  more := v_examined = p_limit;
  UPDATE ca.inventory_scan SET mapped_id = v_scan.mapped_id, settled_id = v_scan.settled_id;
END $$;

-- As before, by endpoints. Those of authorities have none, and what was issued a moment ago has none yet: there a later one of the subject replaces, and the next scan, which looks at the same
-- moments again, decides by the endpoint. It replaces what no token bought, too: a device, a bridge or a service is its subject, also by other names.
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
  -- Up to here every certificate has its endpoint.
  v_settled bigint := (SELECT i.settled_id FROM ca.inventory_scan i);
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
    SELECT c.id, c.serial, c.subject, c.profile, c.tenant, c.not_after, ca.expiring_from(c.not_before, c.not_after, c.issued_at) AS due_at,
      (SELECT m.endpoint FROM ca.endpoint_certificates m WHERE m.serial = c.serial) AS endpoint
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
        -- Its renewal, or a later one of its endpoint that lives longer. One that was revoked replaces nothing. Mostly the newest is it, however many there are.
        AND (SELECT true FROM ca.endpoints e WHERE e.id = d.endpoint AND e.latest_id > d.id AND (
          (SELECT true FROM ca.certificates n
             WHERE n.serial = e.latest_serial AND (n.renews = d.serial OR n.not_after > d.not_after)
               AND (SELECT true FROM ca.revocations r WHERE r.serial = n.serial) IS NULL)
          OR (SELECT true FROM ca.endpoint_certificates m
             WHERE m.endpoint = e.id AND (SELECT true FROM ca.certificates n
               WHERE n.serial = m.serial AND n.id > d.id AND (n.renews = d.serial OR n.not_after > d.not_after)
                 AND (SELECT true FROM ca.revocations r WHERE r.serial = n.serial) IS NULL)
             LIMIT 1))) IS NULL
        AND (SELECT true FROM ca.certificates n
             WHERE n.subject = d.subject AND n.id > CASE WHEN d.endpoint IS NULL OR d.profile <> 'leaf' THEN d.id ELSE greatest(d.id, v_settled) END
               AND n.profile = d.profile AND n.tenant IS NOT DISTINCT FROM d.tenant
               AND (n.renews = d.serial OR n.not_after > d.not_after)
               AND (d.endpoint IS NULL OR d.profile <> 'leaf' OR (SELECT true FROM ca.endpoint_certificates m WHERE m.serial = n.serial) IS NULL)
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
