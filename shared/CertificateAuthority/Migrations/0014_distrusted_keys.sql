-- A Sub-CA whose key is distrusted (RFC 5280 5.3.1: neither superseded nor ceased, and not merely on hold) is revoked in every certificate of that key,
-- also in one that was being signed at that moment: lists, OCSP and logins all read ca.revocations.

-- Revokes what is left of the key of this Sub-CA.
CREATE FUNCTION ca.revoke_key(p_tenant text, p_public_key bytea, p_reason_code int, p_reason text, p_by text, p_at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM audit.append(p_by, 'certificate.revoked', c.subject, format('{"serial":"%s","reason_code":%s}', upper(encode(c.serial, 'hex')), p_reason_code))
    FROM ca.certificates c
    WHERE c.tenant = p_tenant AND c.profile = 'tenant-sub-ca' AND c.public_key_sha256 = p_public_key
      AND NOT EXISTS (SELECT FROM ca.revocations r WHERE r.serial = c.serial);
  INSERT INTO ca.revocations (serial, reason_code, reason, revoked_by, revoked_at)
    SELECT c.serial, p_reason_code, p_reason, p_by, p_at FROM ca.certificates c
      WHERE c.tenant = p_tenant AND c.profile = 'tenant-sub-ca' AND c.public_key_sha256 = p_public_key
    ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION ca.distrust_key_of_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_named ca.certificates;
BEGIN
  -- By revoke_key itself, which has the whole key already: no second lock, for which two transactions could wait in a circle.
  IF pg_trigger_depth() > 1 THEN
    RETURN NULL;
  END IF;
  SELECT * INTO v_named FROM ca.certificates c WHERE c.serial = NEW.serial;
  IF v_named.profile = 'tenant-sub-ca' THEN
    PERFORM pg_advisory_xact_lock(ca.subject_lock());
    PERFORM ca.revoke_key(v_named.tenant, v_named.public_key_sha256, NEW.reason_code, NEW.reason, NEW.revoked_by, NEW.revoked_at);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER distrust_key AFTER INSERT ON ca.revocations FOR EACH ROW WHEN (NEW.reason_code NOT IN (4, 5, 6)) EXECUTE FUNCTION ca.distrust_key_of_revoked();

CREATE FUNCTION ca.distrust_key_of_issued() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_known ca.revocations;
BEGIN
  SELECT r.* INTO v_known FROM ca.certificates c JOIN ca.revocations r ON r.serial = c.serial
    WHERE c.tenant = NEW.tenant AND c.profile = NEW.profile AND c.public_key_sha256 = NEW.public_key_sha256 AND r.reason_code NOT IN (4, 5, 6)
    ORDER BY r.revoked_at LIMIT 1;
  IF FOUND THEN
    PERFORM ca.revoke_key(NEW.tenant, NEW.public_key_sha256, v_known.reason_code, v_known.reason, v_known.revoked_by, NEW.issued_at);
  END IF;
  RETURN NULL;
END $$;
-- At the end of the transaction: its audit entry comes after that of the issue.
CREATE CONSTRAINT TRIGGER distrust_key AFTER INSERT ON ca.certificates DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.profile = 'tenant-sub-ca') EXECUTE FUNCTION ca.distrust_key_of_issued();

-- What is known so already.
SELECT ca.revoke_key(c.tenant, c.public_key_sha256, r.reason_code, r.reason, r.revoked_by, r.revoked_at)
  FROM ca.certificates c JOIN ca.revocations r ON r.serial = c.serial
  WHERE c.profile = 'tenant-sub-ca' AND r.reason_code NOT IN (4, 5, 6)
  ORDER BY r.revoked_at;
