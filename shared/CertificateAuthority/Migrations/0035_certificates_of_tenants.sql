-- A tenant's certificates at the provider, found without reading everybody's. Those of a tenant's own devices are all the same tenant's, and are not looked for in this way.
CREATE INDEX certificates_tenant ON ca.certificates (tenant, id) WHERE tenant IS NOT NULL AND profile <> 'device';

-- As before, by that index.
CREATE OR REPLACE FUNCTION ca.revoke_tenant(
  p_now timestamptz, p_tenant text, p_lineage text, p_keep text, p_profile text, p_keep_key bytea, p_bar text[],
  p_reason_code int, p_reason text, p_by text)
RETURNS SETOF bytea
LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
DECLARE
  v_chosen bytea[];
  v_held bytea[];
  v_since timestamptz[];
  v_serials bytea[];
  v_subjects text[];
BEGIN
  PERFORM pg_advisory_xact_lock(ca.subject_lock());
  SELECT array_agg(c.serial) INTO v_chosen FROM ca.certificates c
    WHERE c.tenant = p_tenant AND c.profile <> 'device' AND c.not_after > p_now
      AND (p_lineage IS NULL OR c.lineage = p_lineage) AND (p_keep IS NULL OR c.lineage IS DISTINCT FROM p_keep)
      AND (p_profile IS NULL OR c.profile = p_profile) AND (p_keep_key IS NULL OR c.public_key_sha256 <> p_keep_key);
  IF p_reason_code <> 6 THEN
    SELECT array_agg(e.ended_serial), array_agg(e.held_since) INTO v_held, v_since FROM ca.end_holds(p_now, v_chosen, p_by, false) e;
  END IF;
  WITH revoked AS (
    INSERT INTO ca.revocations AS r (serial, reason_code, reason, revoked_by, revoked_at)
      SELECT s.serial, p_reason_code, p_reason, p_by, coalesce(h.since, p_now)
        FROM unnest(v_chosen) AS s (serial) LEFT JOIN unnest(v_held, v_since) AS h (serial, since) ON h.serial = s.serial
        ORDER BY s.serial
      ON CONFLICT DO NOTHING RETURNING r.serial)
  SELECT array_agg(c.serial ORDER BY c.id), array_agg(c.subject ORDER BY c.id) INTO v_serials, v_subjects
    FROM revoked JOIN ca.certificates c ON c.serial = revoked.serial;
  IF p_profile IS NULL THEN
    INSERT INTO ca.revoked_lineages (lineage, tenant, reason_code, reason, revoked_by, revoked_at)
      SELECT DISTINCT l.lineage, p_tenant, p_reason_code, p_reason, p_by, p_now
        FROM (SELECT unnest(p_bar) AS lineage UNION SELECT c.lineage FROM ca.certificates c WHERE c.serial = ANY (v_serials)) l
        WHERE l.lineage IS NOT NULL AND l.lineage IS DISTINCT FROM p_keep
      ON CONFLICT DO NOTHING;
  END IF;
  IF v_serials IS NULL THEN
    RETURN;
  END IF;
  PERFORM audit.append_many(
    array_fill(p_by, ARRAY[cardinality(v_serials)]), array_fill('certificate.revoked'::text, ARRAY[cardinality(v_serials)]), v_subjects,
    (SELECT array_agg(format('{"serial":"%s","reason_code":%s}', upper(encode(s, 'hex')), p_reason_code) ORDER BY ord) FROM unnest(v_serials) WITH ORDINALITY AS u (s, ord)));
  RETURN QUERY SELECT unnest(v_serials);
END $$;
