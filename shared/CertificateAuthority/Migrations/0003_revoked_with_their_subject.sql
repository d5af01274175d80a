-- As before, and now each certificate that goes with its subject has an audit entry of its own, like one that is revoked alone.
CREATE OR REPLACE FUNCTION ca.revoke_subject(p_now timestamptz, p_profile text, p_subject text, p_reason_code int, p_reason text, p_by text, p_details text)
RETURNS SETOF bytea
LANGUAGE plpgsql AS $$
DECLARE
  v_revoked bytea[];
BEGIN
  PERFORM pg_advisory_xact_lock(ca.subject_lock());
  INSERT INTO ca.revoked_subjects (profile, subject, reason_code, reason, revoked_by, revoked_at)
    VALUES (p_profile, p_subject, p_reason_code, p_reason, p_by, p_now) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  WITH revoked AS (
    INSERT INTO ca.revocations AS r (serial, reason_code, reason, revoked_by, revoked_at)
      SELECT c.serial, p_reason_code, p_reason, p_by, p_now FROM ca.certificates c
        WHERE c.subject = p_subject AND c.profile = p_profile AND c.not_after > p_now
      ON CONFLICT DO NOTHING RETURNING r.serial)
  SELECT coalesce(array_agg(serial), '{}') INTO v_revoked FROM revoked;
  PERFORM audit.append(p_by, 'subject.revoked', p_subject, p_details);
  PERFORM audit.append(p_by, 'certificate.revoked', p_subject,
      format('{"serial":"%s","reason_code":%s}', upper(encode(serial, 'hex')), p_reason_code))
    FROM unnest(v_revoked) AS serial;
  RETURN QUERY SELECT unnest(v_revoked);
END $$;
