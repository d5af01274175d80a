-- A certificate on hold (reason 6, certificateHold, RFC 5280 5.3.1) is released, or its revocation becomes final. Every other revocation stays for ever.

-- Holds that have ended: what ca.revocations no longer has.
CREATE TABLE ca.ended_holds (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  serial bytea NOT NULL REFERENCES ca.certificates (serial),
  reason text,
  held_by text NOT NULL,
  held_at timestamptz NOT NULL,
  ended_by text NOT NULL,
  ended_at timestamptz NOT NULL,
  -- Otherwise the revocation became final.
  released boolean NOT NULL
);
CREATE INDEX ended_holds_shard ON ca.ended_holds ((get_byte(serial, octet_length(serial) - 1)));
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ca.ended_holds FOR EACH STATEMENT EXECUTE FUNCTION ca.refuse_change();

DROP TRIGGER append_only ON ca.revocations;
CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON ca.revocations FOR EACH STATEMENT EXECUTE FUNCTION ca.refuse_change();
CREATE TRIGGER final BEFORE DELETE ON ca.revocations FOR EACH ROW WHEN (OLD.reason_code <> 6) EXECUTE FUNCTION ca.refuse_change();

-- A released certificate is announced like a revoked one: the lists have changed.
CREATE OR REPLACE FUNCTION ca.announce_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('iot_revoked', encode(coalesce(NEW.serial, OLD.serial), 'hex'));
  RETURN NULL;
END
$$;
CREATE TRIGGER announce_release AFTER DELETE ON ca.revocations FOR EACH ROW EXECUTE FUNCTION ca.announce_revocation();

-- Grows with every commit that revokes, holds or releases, whatever the order of the commits: a list made of the same number is up to date.
--   p_shard: last octet of the serial number; -1: all of them.
CREATE FUNCTION ca.revocation_mark(p_shard int) RETURNS bigint
LANGUAGE plpgsql STABLE
-- The plan is cached, perhaps from when the tables were small.
SET enable_seqscan = off
AS $$
BEGIN
  -- Twice, because a hold that ended took one row away.
  IF p_shard = -1 THEN
    RETURN (SELECT count(*) FROM ca.revocations) + 2 * (SELECT count(*) FROM ca.ended_holds);
  END IF;
  RETURN (SELECT count(*) FROM ca.revocations r WHERE get_byte(r.serial, octet_length(r.serial) - 1) = p_shard)
    + 2 * (SELECT count(*) FROM ca.ended_holds h WHERE get_byte(h.serial, octet_length(h.serial) - 1) = p_shard);
END $$;

-- Ends those of the holds that are there, and returns since when each was.
CREATE FUNCTION ca.end_holds(p_now timestamptz, p_serials bytea[], p_by text, p_released boolean)
RETURNS TABLE (ended_serial bytea, held_since timestamptz)
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
  WITH held AS (
    DELETE FROM ca.revocations r WHERE r.serial = ANY (p_serials) AND r.reason_code = 6
      RETURNING r.serial, r.reason, r.revoked_by, r.revoked_at
  ), history AS (
    INSERT INTO ca.ended_holds (serial, reason, held_by, held_at, ended_by, ended_at, released)
      SELECT h.serial, h.reason, h.revoked_by, h.revoked_at, p_by, p_now, p_released FROM held h
  )
  SELECT h.serial, h.revoked_at FROM held h;
END $$;

-- revoked, already_revoked, unknown or token_used. The token is burned only with a revocation. A hold becomes final, with its date (X.509 9.5.3.1).
CREATE OR REPLACE FUNCTION ca.revoke(
  p_now timestamptz, p_serial bytea, p_reason_code int, p_reason text, p_by text, p_token bytea, p_token_expires timestamptz, p_details text)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_subject text;
  v_profile text;
  v_former int;
  v_since timestamptz := p_now;
BEGIN
  -- Locked, so that two changes of one certificate come one after the other.
  SELECT c.subject, c.profile INTO v_subject, v_profile FROM ca.certificates c WHERE c.serial = p_serial FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN 'unknown';
  END IF;
  IF v_profile = 'tenant-sub-ca' THEN
    -- No other certificate of the key slips in between.
    PERFORM pg_advisory_xact_lock(ca.subject_lock());
  END IF;
  SELECT r.reason_code INTO v_former FROM ca.revocations r WHERE r.serial = p_serial;
  IF v_former <> 6 OR v_former = p_reason_code THEN
    RETURN 'already_revoked';
  END IF;
  IF p_token IS NOT NULL THEN
    INSERT INTO ca.used_tokens (hash, expires_at) VALUES (p_token, p_token_expires) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      RETURN 'token_used';
    END IF;
  END IF;
  IF v_former = 6 THEN
    v_since := coalesce((SELECT held_since FROM ca.end_holds(p_now, ARRAY[p_serial], p_by, false)), p_now);
  END IF;
  INSERT INTO ca.revocations (serial, reason_code, reason, revoked_by, revoked_at)
    VALUES (p_serial, p_reason_code, p_reason, p_by, v_since) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    DELETE FROM ca.used_tokens WHERE hash = p_token;
    RETURN 'already_revoked';
  END IF;
  PERFORM audit.append(p_by, 'certificate.revoked', v_subject, p_details);
  RETURN 'revoked';
END $$;

-- released, not_on_hold, unknown or token_used. The token is burned only with a release.
CREATE FUNCTION ca.release(p_now timestamptz, p_serial bytea, p_by text, p_token bytea, p_token_expires timestamptz, p_details text)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_subject text;
  v_profile text;
BEGIN
  SELECT c.subject, c.profile INTO v_subject, v_profile FROM ca.certificates c WHERE c.serial = p_serial FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN 'unknown';
  END IF;
  -- With its subject on hold, or revoked, a certificate is not released alone.
  IF NOT EXISTS (SELECT FROM ca.revocations r WHERE r.serial = p_serial AND r.reason_code = 6)
    OR EXISTS (SELECT FROM ca.revoked_subjects s WHERE s.profile = v_profile AND s.subject = v_subject) THEN
    RETURN 'not_on_hold';
  END IF;
  IF p_token IS NOT NULL THEN
    INSERT INTO ca.used_tokens (hash, expires_at) VALUES (p_token, p_token_expires) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      RETURN 'token_used';
    END IF;
  END IF;
  IF NOT EXISTS (SELECT FROM ca.end_holds(p_now, ARRAY[p_serial], p_by, true)) THEN
    DELETE FROM ca.used_tokens WHERE hash = p_token;
    RETURN 'not_on_hold';
  END IF;
  PERFORM audit.append(p_by, 'certificate.released', v_subject, p_details);
  RETURN 'released';
END $$;

-- As before; what is on hold becomes final with its subject, and so does a hold of the subject.
CREATE OR REPLACE FUNCTION ca.revoke_subject(p_now timestamptz, p_profile text, p_subject text, p_reason_code int, p_reason text, p_by text, p_details text)
RETURNS SETOF bytea
LANGUAGE plpgsql AS $$
DECLARE
  v_serials bytea[];
  v_held bytea[];
  v_since timestamptz[];
  v_revoked bytea[];
BEGIN
  PERFORM pg_advisory_xact_lock(ca.subject_lock());
  INSERT INTO ca.revoked_subjects AS s (profile, subject, reason_code, reason, revoked_by, revoked_at)
    VALUES (p_profile, p_subject, p_reason_code, p_reason, p_by, p_now)
    ON CONFLICT (profile, subject) DO UPDATE SET reason_code = excluded.reason_code, reason = excluded.reason, revoked_by = excluded.revoked_by
      WHERE s.reason_code = 6 AND excluded.reason_code <> 6;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  SELECT array_agg(c.serial) INTO v_serials FROM ca.certificates c WHERE c.subject = p_subject AND c.profile = p_profile AND c.not_after > p_now;
  IF p_reason_code <> 6 THEN
    SELECT array_agg(e.ended_serial), array_agg(e.held_since) INTO v_held, v_since FROM ca.end_holds(p_now, v_serials, p_by, false) e;
  END IF;
  WITH revoked AS (
    INSERT INTO ca.revocations AS r (serial, reason_code, reason, revoked_by, revoked_at)
      SELECT s.serial, p_reason_code, p_reason, p_by, coalesce(h.since, p_now)
        FROM unnest(v_serials) AS s (serial) LEFT JOIN unnest(v_held, v_since) AS h (serial, since) ON h.serial = s.serial
      ON CONFLICT DO NOTHING RETURNING r.serial)
  SELECT coalesce(array_agg(serial), '{}') INTO v_revoked FROM revoked;
  PERFORM audit.append(p_by, 'subject.revoked', p_subject, p_details);
  PERFORM audit.append(p_by, 'certificate.revoked', p_subject,
      format('{"serial":"%s","reason_code":%s}', upper(encode(serial, 'hex')), p_reason_code))
    FROM unnest(v_revoked) AS serial;
  RETURN QUERY SELECT unnest(v_revoked);
END $$;

-- Ends the hold of a subject, and of those of its certificates that it put on hold. False: it is not on hold.
CREATE FUNCTION ca.release_subject(p_now timestamptz, p_profile text, p_subject text, p_by text, p_details text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_since timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(ca.subject_lock());
  DELETE FROM ca.revoked_subjects s WHERE s.profile = p_profile AND s.subject = p_subject AND s.reason_code = 6 RETURNING s.revoked_at INTO v_since;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM audit.append(p_by, 'subject.released', p_subject, p_details);
  PERFORM audit.append(p_by, 'certificate.released', p_subject, format('{"serial":"%s"}', upper(encode(e.ended_serial, 'hex'))))
    FROM ca.end_holds(
      p_now,
      (SELECT array_agg(c.serial) FROM ca.certificates c JOIN ca.revocations r ON r.serial = c.serial
        WHERE c.subject = p_subject AND c.profile = p_profile AND r.reason_code = 6 AND r.revoked_at = v_since),
      p_by, true) e;
  RETURN true;
END $$;

-- As before; what is on hold becomes final.
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
    WHERE c.tenant = p_tenant AND c.not_after > p_now
      AND (p_lineage IS NULL OR c.lineage = p_lineage) AND (p_keep IS NULL OR c.lineage IS DISTINCT FROM p_keep)
      AND (p_profile IS NULL OR c.profile = p_profile) AND (p_keep_key IS NULL OR c.public_key_sha256 <> p_keep_key);
  IF p_reason_code <> 6 THEN
    SELECT array_agg(e.ended_serial), array_agg(e.held_since) INTO v_held, v_since FROM ca.end_holds(p_now, v_chosen, p_by, false) e;
  END IF;
  WITH revoked AS (
    INSERT INTO ca.revocations AS r (serial, reason_code, reason, revoked_by, revoked_at)
      SELECT s.serial, p_reason_code, p_reason, p_by, coalesce(h.since, p_now)
        FROM unnest(v_chosen) AS s (serial) LEFT JOIN unnest(v_held, v_since) AS h (serial, since) ON h.serial = s.serial
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
