-- Stores a batch of signed certificates in one statement: per row it checks the renewed certificate, the subject, the
-- idempotency key and the one-time token, and burns the token only together with the certificate.
-- Returns a row for each certificate that was NOT stored, and nothing when all were.
CREATE FUNCTION ca.record(
  p_now timestamptz,
  p_serial bytea[], p_subject text[], p_sans text[], p_issuer text[], p_issuer_key_id bytea[], p_profile text[],
  p_provisioner text[], p_requester text[], p_tenant text[], p_public_key bytea[], p_not_before timestamptz[],
  p_not_after timestamptz[], p_der bytea[], p_renews bytea[], p_idempotency text[], p_token bytea[],
  p_token_expires timestamptz[], p_action text[], p_details text[])
RETURNS TABLE (row_index int, outcome text, stored_der bytea, stored_key bytea)
LANGUAGE plpgsql
-- The plan is cached from when the tables are small: look-ups are scalar subqueries on an index, never a scan or a join.
SET enable_seqscan = off
-- Planning would cost more than a small batch does, and PostgreSQL by itself plans small arrays anew each time.
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  v_stored bytea[];
  v_burned bytea[];
  v_earlier ca.certificates;
  v_keep int[] := '{}';
BEGIN
  PERFORM pg_advisory_xact_lock_shared(ca.subject_lock());

  WITH input AS MATERIALIZED (
    SELECT t.*,
      (SELECT ARRAY[p.profile, p.provisioner, p.tenant] FROM ca.certificates p WHERE p.serial = t.renews) AS old,
      (SELECT true FROM ca.revocations r WHERE r.serial = t.renews) AS revoked,
      (SELECT true FROM ca.certificates e WHERE e.idempotency_key = t.idempotency) AS exists_already,
      (SELECT true FROM ca.revoked_subjects s WHERE s.profile = t.profile AND s.subject = t.subject) AS barred
    FROM unnest(p_serial, p_subject, p_sans, p_issuer, p_issuer_key_id, p_profile, p_provisioner, p_requester, p_tenant,
        p_public_key, p_not_before, p_not_after, p_der, p_renews, p_idempotency, p_token, p_token_expires)
      WITH ORDINALITY AS t (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, tenant, public_key,
        not_before, not_after, der, renews, idempotency, token, token_expires, ord)
  ), good AS MATERIALIZED (
    SELECT i.*, CASE WHEN i.token IS NOT NULL THEN row_number() OVER (PARTITION BY i.token ORDER BY i.ord) END AS nth
    FROM input i
    WHERE (i.renews IS NULL OR (i.old[1] = i.profile AND i.revoked IS NULL))
      AND i.exists_already IS NULL AND i.barred IS NULL
  ), burned AS (
    INSERT INTO ca.used_tokens AS u (hash, expires_at)
      SELECT g.token, g.token_expires FROM good g WHERE g.nth = 1 ORDER BY g.token
      ON CONFLICT DO NOTHING RETURNING u.hash
  ), stored AS (
    INSERT INTO ca.certificates AS c (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, tenant,
        public_key_sha256, not_before, not_after, issued_at, renews, idempotency_key, der)
      SELECT g.serial, g.subject, string_to_array(g.sans, E'\n'), g.issuer, g.issuer_key_id, g.profile,
          coalesce(g.old[2], g.provisioner), g.requester, coalesce(g.old[3], g.tenant), g.public_key,
          g.not_before, g.not_after, p_now, g.renews, g.idempotency, g.der
        FROM good g LEFT JOIN burned b ON b.hash = g.token
        WHERE g.token IS NULL OR (g.nth = 1 AND b.hash IS NOT NULL)
        -- Sorted, so that two batches take the unique keys in the same order and can't deadlock.
        ORDER BY g.idempotency NULLS FIRST, g.ord
      ON CONFLICT DO NOTHING RETURNING c.serial
  )
  SELECT (SELECT array_agg(serial) FROM stored), (SELECT array_agg(hash) FROM burned) INTO v_stored, v_burned;

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
    IF p_renews[i] IS NOT NULL THEN
      SELECT * INTO v_earlier FROM ca.certificates c WHERE c.serial = p_renews[i];
      IF NOT FOUND THEN
        outcome := 'unknown_certificate';
      ELSIF EXISTS (SELECT FROM ca.revocations r WHERE r.serial = p_renews[i]) THEN
        outcome := 'revoked';
      ELSIF v_earlier.profile <> p_profile[i] THEN
        outcome := 'profile:' || v_earlier.profile;
      ELSE
        outcome := NULL;
      END IF;
      IF outcome IS NOT NULL THEN
        RETURN NEXT;
        CONTINUE;
      END IF;
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

-- Records that a CA certificate is about to be signed, before the CA key is used. Returns the certificate an earlier call with
-- the same idempotency key got, if there is one; then nothing is recorded.
CREATE FUNCTION ca.intend(
  p_now timestamptz, p_serial bytea, p_subject text, p_profile text, p_issuer text, p_tbs_sha256 bytea, p_requester text,
  p_idempotency text, p_details text)
RETURNS TABLE (stored_der bytea, stored_key bytea)
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT c.der, c.public_key_sha256 FROM ca.certificates c WHERE c.idempotency_key = p_idempotency;
  IF FOUND THEN
    RETURN;
  END IF;
  INSERT INTO ca.intents (serial, subject, profile, issuer, tbs_sha256, requester, recorded_at)
    VALUES (p_serial, p_subject, p_profile, p_issuer, p_tbs_sha256, p_requester, p_now);
  PERFORM audit.append(p_requester, 'certificate.intended', p_subject, p_details);
END $$;

-- revoked, already_revoked, unknown or token_used. The token is burned only with a revocation.
CREATE FUNCTION ca.revoke(
  p_now timestamptz, p_serial bytea, p_reason_code int, p_reason text, p_by text, p_token bytea, p_token_expires timestamptz, p_details text)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_subject text;
BEGIN
  -- Locked, so that two revocations of one certificate come one after the other.
  SELECT c.subject INTO v_subject FROM ca.certificates c WHERE c.serial = p_serial FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN 'unknown';
  END IF;
  IF EXISTS (SELECT FROM ca.revocations r WHERE r.serial = p_serial) THEN
    RETURN 'already_revoked';
  END IF;
  IF p_token IS NOT NULL THEN
    INSERT INTO ca.used_tokens (hash, expires_at) VALUES (p_token, p_token_expires) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      RETURN 'token_used';
    END IF;
  END IF;
  INSERT INTO ca.revocations (serial, reason_code, reason, revoked_by, revoked_at)
    VALUES (p_serial, p_reason_code, p_reason, p_by, p_now) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    DELETE FROM ca.used_tokens WHERE hash = p_token;
    RETURN 'already_revoked';
  END IF;
  PERFORM audit.append(p_by, 'certificate.revoked', v_subject, p_details);
  RETURN 'revoked';
END $$;

-- Revokes every unexpired certificate of a subject and bars it from new ones. Returns the serial numbers revoked now.
CREATE FUNCTION ca.revoke_subject(p_now timestamptz, p_profile text, p_subject text, p_reason_code int, p_reason text, p_by text, p_details text)
RETURNS SETOF bytea
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(ca.subject_lock());
  INSERT INTO ca.revoked_subjects (profile, subject, reason_code, reason, revoked_by, revoked_at)
    VALUES (p_profile, p_subject, p_reason_code, p_reason, p_by, p_now) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  RETURN QUERY INSERT INTO ca.revocations AS r (serial, reason_code, reason, revoked_by, revoked_at)
    SELECT c.serial, p_reason_code, p_reason, p_by, p_now FROM ca.certificates c
      WHERE c.subject = p_subject AND c.profile = p_profile AND c.not_after > p_now
    ON CONFLICT DO NOTHING RETURNING r.serial;
  PERFORM audit.append(p_by, 'subject.revoked', p_subject, p_details);
END $$;

CREATE FUNCTION ca.reinstate_subject(p_profile text, p_subject text, p_by text, p_details text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(ca.subject_lock());
  DELETE FROM ca.revoked_subjects s WHERE s.profile = p_profile AND s.subject = p_subject;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM audit.append(p_by, 'subject.reinstated', p_subject, p_details);
  RETURN true;
END $$;
