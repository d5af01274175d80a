-- Since when the key is known or thought to be in other hands (invalidityDate, RFC 5280 5.3.2); NULL: nobody said.
ALTER TABLE ca.revocations ADD COLUMN invalid_since timestamptz;

DROP FUNCTION ca.revoke(timestamptz, bytea, int, text, text, bytea, timestamptz, text);

-- As before, with that date.
CREATE FUNCTION ca.revoke(
  p_now timestamptz, p_serial bytea, p_reason_code int, p_reason text, p_by text, p_token bytea, p_token_expires timestamptz, p_details text, p_invalid_since timestamptz DEFAULT NULL)
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
  INSERT INTO ca.revocations (serial, reason_code, reason, revoked_by, revoked_at, invalid_since)
    VALUES (p_serial, p_reason_code, p_reason, p_by, v_since, p_invalid_since) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    DELETE FROM ca.used_tokens WHERE hash = p_token;
    RETURN 'already_revoked';
  END IF;
  PERFORM audit.append(p_by, 'certificate.revoked', v_subject, p_details);
  RETURN 'revoked';
END $$;
