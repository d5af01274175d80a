-- Certificates and revocations of an authority whose place this one takes.

-- As before; what was imported counts by its own dates: all of it has come on record at once.
CREATE OR REPLACE FUNCTION ca.judge(
  p_now timestamptz, p_subject text[], p_profile text[], p_tenant text[], p_lineage text[], p_issuer_key_id bytea[], p_public_key bytea[],
  p_not_after timestamptz[], p_renews bytea[], p_reuse boolean[], p_recent_since timestamptz[], p_recent_limit int[], p_hourly_limit int[])
RETURNS text[]
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
DECLARE
  v_verdicts text[];
BEGIN
  WITH asked AS MATERIALIZED (
    SELECT t.*, (SELECT ARRAY[p.tenant, p.lineage] FROM ca.certificates p WHERE p.serial = t.renews) AS old
    FROM unnest(p_subject, p_profile, p_tenant, p_lineage, p_issuer_key_id, p_public_key, p_not_after, p_renews, p_reuse, p_recent_since, p_recent_limit, p_hourly_limit)
      WITH ORDINALITY AS t (subject, profile, tenant, lineage, issuer_key_id, public_key, not_after, renews, reuse, recent_since, recent_limit, hourly_limit, ord)
  ), placed AS MATERIALIZED (
    SELECT a.*, coalesce(a.old[1], a.tenant) AS of_tenant, coalesce(a.old[2], a.lineage) AS of_lineage FROM asked a
  ), known AS MATERIALIZED (
    SELECT p.*, q.recent, q.fresh,
      row_number() OVER (PARTITION BY p.recent_limit IS NULL, p.profile, p.subject, p.of_lineage ORDER BY p.ord) AS nth_of_subject,
      row_number() OVER (PARTITION BY p.reuse, p.profile, p.subject, p.of_lineage, p.public_key ORDER BY p.ord) AS nth_of_key
    FROM placed p CROSS JOIN LATERAL (
      SELECT array_agg(c.issued_at ORDER BY c.id DESC) FILTER (WHERE c.issued_at > p.recent_since
          AND (c.not_before > p.recent_since - interval '1 hour' OR (c.lineage LIKE 'import:%') IS NOT TRUE)) AS recent,
        (array_agg(encode(c.serial, 'hex') ORDER BY c.id DESC) FILTER (WHERE
          p.reuse AND c.public_key_sha256 = p.public_key AND c.issuer_key_id = p.issuer_key_id AND c.not_after <= p.not_after
          AND p_now < c.not_before + (c.not_after - c.not_before) / 2
          AND (SELECT true FROM ca.revocations r WHERE r.serial = c.serial) IS NULL))[1] AS fresh
      -- The quotas keep what is alive below this number.
      FROM (SELECT * FROM ca.certificates n WHERE n.subject = p.subject AND p.recent_limit IS NOT NULL ORDER BY n.id DESC LIMIT 100) c
      WHERE c.profile = p.profile AND c.lineage IS NOT DISTINCT FROM p.of_lineage
    ) q
  ), subjects AS MATERIALIZED (
    SELECT k.*, CASE
        WHEN k.fresh IS NOT NULL THEN 'fresh:' || k.fresh
        WHEN k.reuse AND k.nth_of_key > 1 THEN 'again'
        WHEN coalesce(cardinality(k.recent), 0) + k.nth_of_subject > k.recent_limit THEN
          'subject_quota:' || greatest(1, ceil(extract(epoch FROM coalesce(k.recent[k.recent_limit], p_now) - k.recent_since)))::bigint
      END AS verdict
    FROM known k
  ), tenants AS (
    SELECT s.*, row_number() OVER (PARTITION BY s.verdict IS NULL AND s.hourly_limit IS NOT NULL, s.of_tenant ORDER BY s.ord) AS nth_of_tenant,
      coalesce((SELECT h.issued FROM ca.hourly_issuance h WHERE h.tenant = s.of_tenant AND h.hour = date_bin('1 hour', p_now, 'epoch')), 0) AS issued
    FROM subjects s
  )
  SELECT array_agg(CASE
      WHEN t.verdict IS NULL AND t.issued + t.nth_of_tenant > t.hourly_limit THEN
        'tenant_quota:' || greatest(1, ceil(extract(epoch FROM date_bin('1 hour', p_now, 'epoch') + interval '1 hour' - p_now)))::bigint
      ELSE t.verdict END ORDER BY t.ord)
    INTO v_verdicts FROM tenants t;
  RETURN v_verdicts;
END $$;

-- As before; what had ended when it was imported is no endpoint.
CREATE OR REPLACE FUNCTION ca.judge_budgets(
  p_now timestamptz, p_budgets text[], p_profile text[], p_provisioner text[], p_tenant text[], p_subject text[], p_sans text[], p_renews bytea[], p_verdicts text[])
RETURNS text[]
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
DECLARE
  v_verdicts text[];
BEGIN
  WITH asked AS MATERIALIZED (
    SELECT t.ord, b.scope, b.span, b.most,
      CASE WHEN b.span <> 'endpoints' THEN date_trunc(b.span, p_now, 'UTC') END AS began,
      -- Past half of its life a certificate is renewed, however much is used up: who renews too often would end everybody's else.
      coalesce((SELECT c.issued_at + (c.not_after - c.issued_at) / 2 <= p_now FROM ca.certificates c WHERE c.serial = t.renews), false) AS is_due
    FROM unnest(p_budgets, p_profile, p_provisioner, p_tenant, p_subject, p_sans, p_renews, p_verdicts)
        WITH ORDINALITY AS t (budgets, profile, provisioner, tenant, subject, sans, renews, verdict, ord)
      CROSS JOIN LATERAL json_to_recordset(t.budgets::json) AS b (scope text, span text, most int, by_names boolean)
    WHERE t.verdict IS NULL
      -- Whoever is an endpoint already is none more.
      AND (b.span <> 'endpoints' OR (t.renews IS NULL AND NOT (coalesce(b.by_names, false) AND EXISTS (
        SELECT FROM ca.endpoints e WHERE e.key = ca.endpoint_key(t.profile, t.provisioner, t.tenant, t.subject, string_to_array(t.sans, E'\n')) AND e.latest_not_after > p_now
          AND NOT EXISTS (SELECT FROM ca.revocations r WHERE r.serial = e.latest_serial)))))
  ), scopes AS MATERIALIZED (
    -- Without a total there is nothing to go by yet: it is counted within a minute, and never here, where all wait.
    -- The end is not compared by itself, so that no index of ends is taken for that of numbers, by which the few since the count are found.
    SELECT s.scope, CASE WHEN s.span = 'endpoints' THEN coalesce((
        SELECT n.active + CASE WHEN n.provisioner = ''
            THEN (SELECT count(*) FROM (SELECT FROM ca.certificates c
              WHERE c.id > n.counted_id AND c.renews IS NULL AND c.profile IN ('leaf', 'device') AND c.not_after - p_now > interval '0' LIMIT s.most) l)
            ELSE (SELECT count(*) FROM (SELECT FROM ca.certificates c
              WHERE c.id > n.counted_id AND c.renews IS NULL AND c.profile IN ('leaf', 'device') AND c.provisioner = n.provisioner AND c.not_after - p_now > interval '0' LIMIT s.most) l) END
          FROM ca.endpoint_totals n WHERE n.provisioner = substr(s.scope, length('endpoints:') + 1)), 0)
      ELSE coalesce((SELECT n.issued FROM ca.issuance_counts n WHERE n.scope = s.scope AND n.began >= s.began), 0) END AS used
    FROM (SELECT a.scope, a.span, a.began, max(a.most) AS most FROM asked a GROUP BY 1, 2, 3) s
  ), counted AS (
    SELECT a.*, s.used, row_number() OVER (PARTITION BY a.scope ORDER BY a.ord) AS nth FROM asked a JOIN scopes s ON s.scope = a.scope
  ), refused AS (
    SELECT DISTINCT ON (c.ord) c.ord, format('budget:%s:%s', CASE
        WHEN c.used < c.most THEN 1
        WHEN c.span = 'endpoints' THEN 3600
        ELSE greatest(1, ceil(extract(epoch FROM c.began + CASE c.span WHEN 'hour' THEN interval '1 hour' ELSE interval '1 month' END - p_now)))::bigint END, c.scope) AS verdict
    FROM counted c WHERE c.used + c.nth > c.most AND NOT c.is_due
    -- The one that is waited for the longest.
    ORDER BY c.ord, (c.used >= c.most) DESC, c.span = 'hour', c.scope
  )
  SELECT array_agg(coalesce(p_verdicts[t.ord], (SELECT r.verdict FROM refused r WHERE r.ord = t.ord)) ORDER BY t.ord)
    INTO v_verdicts FROM generate_subscripts(p_budgets, 1) AS t (ord);
  RETURN v_verdicts;
END $$;

-- Records a batch, in the order of issue: what is on record already stays, and a revocation that was unknown is added. A certificate renews the one before with the same key, names and provisioner.
-- It is on record from now on (issued_at): whatever reads the ledger in its order finds it there.
-- Its lineage, which renewals keep, says that this authority has not judged whose it is.
CREATE FUNCTION ca.import(
  p_now timestamptz, p_by text, p_issuer text, p_issuer_key_id bytea, p_profile text, p_tenant text,
  p_serial bytea[], p_subject text[], p_sans text[], p_provisioner text[], p_public_key bytea[], p_not_before timestamptz[], p_not_after timestamptz[], p_der bytea[], p_details text[],
  p_revoked_at timestamptz[], p_reason_code int[], p_reason text[], p_revocation_details text[],
  OUT imported int, OUT known int, OUT revoked int, OUT taken bytea[])
LANGUAGE plpgsql
-- The statistics may be from when the tables were small.
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
  v_new int[] := '{}';
  v_revoked int[] := '{}';
  v_revocation_details text[] := p_revocation_details;
  v_key ca.revoked_keys;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(ca.subject_lock());
  taken := '{}';
  known := 0;
  FOR i IN 1 .. cardinality(p_serial) LOOP
    INSERT INTO ca.certificates (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, tenant, lineage, public_key_sha256, not_before, not_after, issued_at, renews, der)
      VALUES (p_serial[i], p_subject[i], string_to_array(p_sans[i], E'\n'), p_issuer, p_issuer_key_id, p_profile, p_provisioner[i], 'step-ca', p_tenant, 'import:' || encode(p_issuer_key_id, 'hex'), p_public_key[i], p_not_before[i], p_not_after[i], p_now,
        (SELECT c.serial FROM ca.certificates c
          WHERE c.public_key_sha256 = p_public_key[i] AND c.issuer_key_id = p_issuer_key_id AND c.profile = p_profile AND c.provisioner = p_provisioner[i]
            AND c.subject = p_subject[i] AND c.sans = string_to_array(p_sans[i], E'\n') AND c.not_before < p_not_before[i]
          ORDER BY c.not_before DESC LIMIT 1),
        p_der[i])
      ON CONFLICT (serial) DO NOTHING;
    IF FOUND THEN
      v_new := v_new || i;
      -- Nobody waits for an event about what had ended before it came.
      IF p_not_after[i] <= p_now THEN
        INSERT INTO ca.told_expiring (serial, told_at) VALUES (p_serial[i], p_now);
      END IF;
    ELSIF EXISTS (SELECT FROM ca.certificates c WHERE c.serial = p_serial[i] AND c.der = p_der[i]) THEN
      known := known + 1;
    ELSE
      taken := taken || p_serial[i];
      CONTINUE;
    END IF;
    -- A key that is in other hands stays out; a hold (6) alone could end.
    SELECT k.* INTO v_key FROM ca.revoked_keys k WHERE k.public_key_sha256 = p_public_key[i] AND coalesce(p_reason_code[i], 6) = 6;
    IF FOUND THEN
      v_revocation_details[i] := format('{"serial":"%s","reason_code":%s}', upper(encode(p_serial[i], 'hex')), v_key.reason_code);
      INSERT INTO ca.revocations (serial, reason_code, reason, revoked_by, revoked_at) VALUES (p_serial[i], v_key.reason_code, v_key.reason, v_key.revoked_by, p_now) ON CONFLICT DO NOTHING;
    ELSIF p_revoked_at[i] IS NOT NULL THEN
      INSERT INTO ca.revocations (serial, reason_code, reason, revoked_by, revoked_at) VALUES (p_serial[i], p_reason_code[i], p_reason[i], 'step-ca', p_revoked_at[i]) ON CONFLICT DO NOTHING;
    ELSE
      CONTINUE;
    END IF;
    IF FOUND THEN
      v_revoked := v_revoked || i;
    END IF;
  END LOOP;
  imported := cardinality(v_new);
  revoked := cardinality(v_revoked);
  IF imported + revoked > 0 THEN
    PERFORM audit.append_many(
      array_fill(p_by, ARRAY[imported + revoked]),
      array_fill('certificate.imported'::text, ARRAY[imported]) || array_fill('certificate.revocation_imported'::text, ARRAY[revoked]),
      coalesce((SELECT array_agg(p_subject[k] ORDER BY n) FROM unnest(v_new || v_revoked) WITH ORDINALITY AS t (k, n)), '{}'),
      coalesce((SELECT array_agg(p_details[k] ORDER BY n) FROM unnest(v_new) WITH ORDINALITY AS t (k, n)), '{}')
        || coalesce((SELECT array_agg(v_revocation_details[k] ORDER BY n) FROM unnest(v_revoked) WITH ORDINALITY AS t (k, n)), '{}'));
  END IF;
END $$;
