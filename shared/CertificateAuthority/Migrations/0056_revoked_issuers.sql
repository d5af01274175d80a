-- Revokes every certificate of an issuer, by its subject key identifier. Its OCSP responder answers for them, and stays: it goes without checks (RFC 6960 4.2.2.2.1), and the issuer makes others.
CREATE FUNCTION ca.revoke_issuer(p_now timestamptz, p_issuer_key_id bytea, p_reason_code int, p_reason text, p_by text, p_details text)
RETURNS SETOF bytea
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(ca.subject_lock());
  RETURN QUERY SELECT * FROM ca.revoke_all(
    p_now,
    (SELECT array_agg(c.serial) FROM ca.certificates c
      WHERE c.issuer_key_id = p_issuer_key_id AND c.profile <> 'ocsp-responder' AND c.not_after > p_now
        AND NOT EXISTS (SELECT FROM ca.revocations r WHERE r.serial = c.serial AND r.reason_code <> 6)),
    p_reason_code, p_reason, p_by, 'issuer.revoked', encode(p_issuer_key_id, 'hex'), p_details, false);
END $$;

-- As before; an issuer that was retired meanwhile has signed for nobody, but for who answers for its revocations.
CREATE OR REPLACE FUNCTION ca.record(
  p_now timestamptz,
  p_serial bytea[], p_subject text[], p_sans text[], p_issuer text[], p_issuer_key_id bytea[], p_profile text[],
  p_provisioner text[], p_requester text[], p_tenant text[], p_lineage text[], p_public_key bytea[], p_not_before timestamptz[],
  p_not_after timestamptz[], p_der bytea[], p_renews bytea[], p_idempotency text[], p_token bytea[],
  p_token_expires timestamptz[], p_reuse boolean[], p_recent_since timestamptz[], p_recent_limit int[], p_hourly_limit int[],
  p_action text[], p_details text[], p_budgets text[])
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
  v_retired bytea[];
BEGIN
  PERFORM pg_advisory_xact_lock_shared(ca.subject_lock());
  v_retired := (SELECT array_agg(i.key_id) FROM ca.issuers i WHERE i.key_id = ANY (p_issuer_key_id) AND i.state = 'retired');
  IF EXISTS (SELECT FROM unnest(p_recent_limit) l WHERE l IS NOT NULL) THEN
    PERFORM pg_advisory_xact_lock(ca.quota_lock());
    v_verdict := ca.judge(
      p_now, p_subject, p_profile, p_tenant, p_lineage, p_issuer_key_id, p_public_key, p_not_after, p_renews,
      p_reuse, p_recent_since, p_recent_limit, p_hourly_limit);
  END IF;
  IF EXISTS (SELECT FROM unnest(p_budgets) b WHERE b IS NOT NULL) THEN
    PERFORM pg_advisory_xact_lock(ca.quota_lock());
    v_verdict := ca.judge_budgets(p_now, p_budgets, p_profile, p_provisioner, p_tenant, p_subject, p_sans, p_renews, v_verdict);
  END IF;

  WITH input AS MATERIALIZED (
    SELECT t.*,
      (SELECT ARRAY[p.profile, p.provisioner, p.tenant, p.lineage] FROM ca.certificates p WHERE p.serial = t.renews) AS old,
      (SELECT true FROM ca.revocations r WHERE r.serial = t.renews) AS revoked,
      (SELECT true FROM ca.certificates e WHERE e.idempotency_key = t.idempotency) AS exists_already,
      (SELECT true FROM ca.revoked_subjects s WHERE s.profile = t.profile AND s.subject = t.subject) AS barred,
      (SELECT true FROM ca.revoked_keys k WHERE k.public_key_sha256 = t.public_key) AS key_revoked
    FROM unnest(p_serial, p_subject, p_sans, p_issuer, p_issuer_key_id, p_profile, p_provisioner, p_requester, p_tenant, p_lineage,
        p_public_key, p_not_before, p_not_after, p_der, p_renews, p_idempotency, p_token, p_token_expires, v_verdict)
      WITH ORDINALITY AS t (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, tenant, lineage, public_key,
        not_before, not_after, der, renews, idempotency, token, token_expires, verdict, ord)
  ), good AS MATERIALIZED (
    SELECT i.*, CASE WHEN i.token IS NOT NULL THEN row_number() OVER (PARTITION BY i.token ORDER BY i.ord) END AS nth
    FROM input i
    WHERE (i.renews IS NULL OR (i.old[1] = i.profile AND i.revoked IS NULL))
      AND i.exists_already IS NULL AND i.barred IS NULL AND i.key_revoked IS NULL AND i.verdict IS NULL
      AND (i.issuer_key_id = ANY (v_retired) AND i.profile <> 'ocsp-responder') IS NOT TRUE
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

  IF EXISTS (SELECT FROM unnest(p_budgets) b WHERE b IS NOT NULL) THEN
    INSERT INTO ca.issuance_counts AS n (scope, began, issued)
      SELECT b.scope, date_trunc(b.span, p_now, 'UTC'), count(*)
        FROM unnest(p_serial, p_budgets) AS t (serial, budgets) CROSS JOIN LATERAL json_to_recordset(t.budgets::json) AS b (scope text, span text)
        WHERE t.serial = ANY (v_stored) AND b.span <> 'endpoints'
        GROUP BY 1, 2 ORDER BY 1
      ON CONFLICT (scope) DO UPDATE SET issued = CASE WHEN excluded.began > n.began THEN 0 ELSE n.issued END + excluded.issued, began = greatest(n.began, excluded.began);
  END IF;

  IF EXISTS (SELECT FROM unnest(p_hourly_limit) l WHERE l IS NOT NULL) THEN
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
    IF outcome IS NULL AND EXISTS (SELECT FROM ca.revoked_keys k WHERE k.public_key_sha256 = p_public_key[i]) THEN
      outcome := 'key_revoked';
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
    ELSIF p_issuer_key_id[i] = ANY (v_retired) AND p_profile[i] <> 'ocsp-responder' THEN
      outcome := 'issuer_retired';
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
