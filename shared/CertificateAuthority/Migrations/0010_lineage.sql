-- Where a certificate comes from in the end, for example the JOIN of its tenant: kept by every renewal, so that all of it can end at once.
ALTER TABLE ca.certificates ADD COLUMN lineage text;

-- Those that are there: what a JOIN asked for, what its Sub-CA key vouched for, and what was renewed from either.
ALTER TABLE ca.certificates DISABLE TRIGGER append_only;
WITH RECURSIVE family (serial, lineage) AS (
  SELECT serial, CASE WHEN requester LIKE 'join:%' THEN requester ELSE 'join:' || split_part(idempotency_key, ':', 2) END
    FROM ca.certificates WHERE requester LIKE 'join:%' OR idempotency_key LIKE 'tenant-sub-ca/rotate:%'
  UNION
  SELECT c.serial, f.lineage FROM family f JOIN ca.certificates c ON c.renews = f.serial
)
UPDATE ca.certificates c SET lineage = f.lineage FROM family f WHERE f.serial = c.serial;
ALTER TABLE ca.certificates ENABLE TRIGGER append_only;

-- Lineages that have ended: nothing is issued or renewed in them any more.
CREATE TABLE ca.revoked_lineages (
  lineage text PRIMARY KEY,
  tenant text NOT NULL,
  reason_code smallint NOT NULL,
  reason text,
  revoked_by text NOT NULL,
  revoked_at timestamptz NOT NULL
);

-- What a tenant was issued within the present hour, counting what has a limit.
CREATE TABLE ca.hourly_issuance (
  tenant text PRIMARY KEY,
  hour timestamptz NOT NULL,
  issued int NOT NULL
);

-- Orders the batches that have quotas against each other: what one counts, the next one sees. Taken after the lock of subjects.
CREATE FUNCTION ca.quota_lock() RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT 4919131761428::bigint $$;

-- What the quotas say to each row of a batch, under the lock of quotas. Null: go on. Otherwise
--   fresh:SERIAL     the key has a certificate of this issuer that is not half over: that one is the answer
--   again            an earlier row of the batch is for the same key
--   subject_quota:S  the subject has had its number lately, retry after S seconds
--   tenant_quota:S   the tenant has had its number this hour
CREATE FUNCTION ca.judge(
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
      SELECT array_agg(c.issued_at ORDER BY c.id DESC) FILTER (WHERE c.issued_at > p.recent_since) AS recent,
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

DROP FUNCTION ca.record;

-- Stores a batch of signed certificates in one statement: per row it checks the renewed certificate, the subject, the lineage, the
-- quotas, the idempotency key and the one-time token, and burns the token only together with the certificate. A renewal keeps
-- provisioner, tenant and lineage. Returns a row for each certificate that was NOT stored, and nothing when all were.
CREATE FUNCTION ca.record(
  p_now timestamptz,
  p_serial bytea[], p_subject text[], p_sans text[], p_issuer text[], p_issuer_key_id bytea[], p_profile text[],
  p_provisioner text[], p_requester text[], p_tenant text[], p_lineage text[], p_public_key bytea[], p_not_before timestamptz[],
  p_not_after timestamptz[], p_der bytea[], p_renews bytea[], p_idempotency text[], p_token bytea[],
  p_token_expires timestamptz[], p_reuse boolean[], p_recent_since timestamptz[], p_recent_limit int[], p_hourly_limit int[],
  p_action text[], p_details text[])
RETURNS TABLE (row_index int, outcome text, stored_der bytea, stored_key bytea)
LANGUAGE plpgsql
-- The plan is cached from when the tables are small: look-ups are scalar subqueries on an index, never a scan or a join.
SET enable_seqscan = off
-- Planning would cost more than a small batch does, and PostgreSQL by itself plans small arrays anew each time.
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
DECLARE
  v_stored bytea[];
  v_burned bytea[];
  v_verdict text[];
  v_earlier ca.certificates;
  v_keep int[] := '{}';
BEGIN
  PERFORM pg_advisory_xact_lock_shared(ca.subject_lock());
  IF EXISTS (SELECT FROM unnest(p_recent_limit) l WHERE l IS NOT NULL) THEN
    PERFORM pg_advisory_xact_lock(ca.quota_lock());
    v_verdict := ca.judge(
      p_now, p_subject, p_profile, p_tenant, p_lineage, p_issuer_key_id, p_public_key, p_not_after, p_renews,
      p_reuse, p_recent_since, p_recent_limit, p_hourly_limit);
  END IF;

  WITH input AS MATERIALIZED (
    SELECT t.*,
      (SELECT ARRAY[p.profile, p.provisioner, p.tenant, p.lineage] FROM ca.certificates p WHERE p.serial = t.renews) AS old,
      (SELECT true FROM ca.revocations r WHERE r.serial = t.renews) AS revoked,
      (SELECT true FROM ca.certificates e WHERE e.idempotency_key = t.idempotency) AS exists_already,
      (SELECT true FROM ca.revoked_subjects s WHERE s.profile = t.profile AND s.subject = t.subject) AS barred
    FROM unnest(p_serial, p_subject, p_sans, p_issuer, p_issuer_key_id, p_profile, p_provisioner, p_requester, p_tenant, p_lineage,
        p_public_key, p_not_before, p_not_after, p_der, p_renews, p_idempotency, p_token, p_token_expires, v_verdict)
      WITH ORDINALITY AS t (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, tenant, lineage, public_key,
        not_before, not_after, der, renews, idempotency, token, token_expires, verdict, ord)
  ), good AS MATERIALIZED (
    SELECT i.*, CASE WHEN i.token IS NOT NULL THEN row_number() OVER (PARTITION BY i.token ORDER BY i.ord) END AS nth
    FROM input i
    WHERE (i.renews IS NULL OR (i.old[1] = i.profile AND i.revoked IS NULL))
      AND i.exists_already IS NULL AND i.barred IS NULL AND i.verdict IS NULL
      AND (SELECT true FROM ca.revoked_lineages l WHERE l.lineage = coalesce(i.old[4], i.lineage)) IS NULL
  ), burned AS (
    INSERT INTO ca.used_tokens AS u (hash, expires_at)
      SELECT g.token, g.token_expires FROM good g WHERE g.nth = 1 ORDER BY g.token
      ON CONFLICT DO NOTHING RETURNING u.hash
  ), stored AS (
    INSERT INTO ca.certificates AS c (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, tenant, lineage,
        public_key_sha256, not_before, not_after, issued_at, renews, idempotency_key, der)
      SELECT g.serial, g.subject, string_to_array(g.sans, E'\n'), g.issuer, g.issuer_key_id, g.profile,
          coalesce(g.old[2], g.provisioner), g.requester, coalesce(g.old[3], g.tenant), coalesce(g.old[4], g.lineage), g.public_key,
          g.not_before, g.not_after, p_now, g.renews, g.idempotency, g.der
        FROM good g LEFT JOIN burned b ON b.hash = g.token
        WHERE g.token IS NULL OR (g.nth = 1 AND b.hash IS NOT NULL)
        -- Sorted, so that two batches take the unique keys in the same order and can't deadlock.
        ORDER BY g.idempotency NULLS FIRST, g.ord
      ON CONFLICT DO NOTHING RETURNING c.serial
  )
  SELECT (SELECT array_agg(serial) FROM stored), (SELECT array_agg(hash) FROM burned) INTO v_stored, v_burned;

  IF v_verdict IS NOT NULL THEN
    INSERT INTO ca.hourly_issuance AS h (tenant, hour, issued)
      SELECT c.tenant, date_bin('1 hour', p_now, 'epoch'), count(*)
        FROM unnest(p_serial, p_hourly_limit) AS t (serial, hourly_limit)
          CROSS JOIN LATERAL (SELECT n.tenant FROM ca.certificates n WHERE n.serial = t.serial LIMIT 1) c
        WHERE t.hourly_limit IS NOT NULL AND t.serial = ANY (v_stored) AND c.tenant IS NOT NULL
        GROUP BY c.tenant ORDER BY c.tenant
      ON CONFLICT (tenant) DO UPDATE SET
        issued = CASE WHEN h.hour = excluded.hour THEN h.issued ELSE 0 END + excluded.issued, hour = excluded.hour;
  END IF;

  IF coalesce(cardinality(v_stored), 0) = cardinality(p_serial) THEN
    PERFORM audit.append_many(p_requester, p_action, p_subject, p_details);
    RETURN;
  END IF;

  FOR i IN 1 .. cardinality(p_serial) LOOP
    IF p_serial[i] = ANY (v_stored) THEN
      v_keep := v_keep || i;
      CONTINUE;
    END IF;

    -- The same certificate again: its first commit was not heard of because the connection broke.
    CONTINUE WHEN EXISTS (SELECT FROM ca.certificates c WHERE c.serial = p_serial[i] AND c.der = p_der[i]);

    row_index := i - 1;
    stored_der := NULL;
    stored_key := NULL;
    outcome := NULL;
    v_earlier := NULL;
    IF p_renews[i] IS NOT NULL THEN
      SELECT * INTO v_earlier FROM ca.certificates c WHERE c.serial = p_renews[i];
      IF NOT FOUND THEN
        outcome := 'unknown_certificate';
      ELSIF EXISTS (SELECT FROM ca.revocations r WHERE r.serial = p_renews[i]) THEN
        outcome := 'revoked';
      ELSIF v_earlier.profile <> p_profile[i] THEN
        outcome := 'profile:' || v_earlier.profile;
      END IF;
    END IF;
    IF outcome IS NULL AND EXISTS (SELECT FROM ca.revoked_lineages l WHERE l.lineage = coalesce(v_earlier.lineage, p_lineage[i])) THEN
      outcome := 'lineage_revoked';
    END IF;
    IF outcome IS NOT NULL THEN
      RETURN NEXT;
      CONTINUE;
    END IF;

    SELECT * INTO v_earlier FROM ca.certificates c WHERE c.idempotency_key = p_idempotency[i];
    IF FOUND THEN
      outcome := 'exists';
      stored_der := v_earlier.der;
      stored_key := v_earlier.public_key_sha256;
      -- This row may have burned its token before it met the earlier certificate.
      DELETE FROM ca.used_tokens u WHERE u.hash = p_token[i] AND u.hash = ANY (v_burned)
        AND NOT EXISTS (SELECT FROM generate_subscripts(p_serial, 1) k WHERE p_token[k] = u.hash AND p_serial[k] = ANY (v_stored));
    ELSIF EXISTS (SELECT FROM ca.revoked_subjects s WHERE s.profile = p_profile[i] AND s.subject = p_subject[i]) THEN
      outcome := 'subject_revoked';
    ELSIF v_verdict[i] LIKE 'fresh:%' OR v_verdict[i] = 'again' THEN
      SELECT * INTO v_earlier FROM ca.certificates c
        WHERE c.serial = CASE WHEN v_verdict[i] = 'again'
          THEN (SELECT p_serial[k] FROM generate_series(1, i - 1) k
                WHERE p_serial[k] = ANY (v_stored) AND p_public_key[k] = p_public_key[i] AND p_subject[k] = p_subject[i] AND p_profile[k] = p_profile[i] LIMIT 1)
          ELSE decode(split_part(v_verdict[i], ':', 2), 'hex') END;
      -- Without: the row that this one waited for was refused, so this one may come again.
      outcome := CASE WHEN FOUND THEN 'exists' ELSE 'subject_quota:1' END;
      stored_der := v_earlier.der;
      stored_key := v_earlier.public_key_sha256;
    ELSIF v_verdict[i] IS NOT NULL THEN
      outcome := v_verdict[i];
    ELSIF p_token[i] IS NOT NULL AND EXISTS (SELECT FROM ca.used_tokens u WHERE u.hash = p_token[i]) THEN
      outcome := 'token_used';
    ELSE
      -- Left: a serial number that exists. The whole batch goes back and its rows come again one by one.
      RAISE EXCEPTION 'certificate % could not be stored', encode(p_serial[i], 'hex') USING ERRCODE = 'unique_violation';
    END IF;
    RETURN NEXT;
  END LOOP;

  IF cardinality(v_keep) > 0 THEN
    PERFORM audit.append_many(
      (SELECT array_agg(p_requester[k] ORDER BY k) FROM unnest(v_keep) k),
      (SELECT array_agg(p_action[k] ORDER BY k) FROM unnest(v_keep) k),
      (SELECT array_agg(p_subject[k] ORDER BY k) FROM unnest(v_keep) k),
      (SELECT array_agg(p_details[k] ORDER BY k) FROM unnest(v_keep) k));
  END IF;
END $$;

-- Revokes certificates of a tenant that have not expired, in one act that no issue or renewal overlaps. Returns their serial numbers.
--   p_lineage: of this lineage alone; p_keep: but those of this lineage; p_profile: of this profile alone; p_keep_key: but those with this key.
-- Without a profile the lineages end with them: those revoked now, and those of p_bar, from which nothing may have been issued yet.
CREATE FUNCTION ca.revoke_tenant(
  p_now timestamptz, p_tenant text, p_lineage text, p_keep text, p_profile text, p_keep_key bytea, p_bar text[],
  p_reason_code int, p_reason text, p_by text)
RETURNS SETOF bytea
LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
DECLARE
  v_serials bytea[];
  v_subjects text[];
BEGIN
  PERFORM pg_advisory_xact_lock(ca.subject_lock());
  WITH revoked AS (
    INSERT INTO ca.revocations AS r (serial, reason_code, reason, revoked_by, revoked_at)
      SELECT c.serial, p_reason_code, p_reason, p_by, p_now FROM ca.certificates c
        WHERE c.tenant = p_tenant AND c.not_after > p_now
          AND (p_lineage IS NULL OR c.lineage = p_lineage) AND (p_keep IS NULL OR c.lineage IS DISTINCT FROM p_keep)
          AND (p_profile IS NULL OR c.profile = p_profile) AND (p_keep_key IS NULL OR c.public_key_sha256 <> p_keep_key)
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
