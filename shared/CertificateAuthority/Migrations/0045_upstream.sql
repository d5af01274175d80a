-- The authority as registration authority: another authority, upstream, signs leaves. What it was asked for, what it answered, and what it is still to be told.

-- Issuers upstream, by which its leaves are known again.
CREATE TABLE ca.upstream_issuers (
  key_id bytea PRIMARY KEY,
  -- DER, the issuer first, the root last.
  chain bytea[] NOT NULL,
  seen_at timestamptz NOT NULL
);

CREATE TABLE ca.upstream_orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  asked_at timestamptz NOT NULL,
  subject text NOT NULL,
  requester text NOT NULL,
  -- PKCS #10, DER: upstream wants the key's own signature for a renewal, too, and the key is the client's.
  request bytea NOT NULL,
  -- NULL: no answer is known.
  serial bytea UNIQUE,
  not_after timestamptz,
  -- Whether the certificate is known to be on record, or to be revoked because it is not.
  settled boolean NOT NULL DEFAULT false
);
CREATE INDEX upstream_orders_unsettled ON ca.upstream_orders (id) WHERE NOT settled;

-- Revocations that upstream has not heard of.
CREATE TABLE ca.upstream_revocations (
  serial bytea PRIMARY KEY REFERENCES ca.upstream_orders (serial) ON DELETE CASCADE,
  reason_code smallint NOT NULL,
  attempts int NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL
);
CREATE INDEX upstream_revocations_due ON ca.upstream_revocations (due_at);

-- With the revocation's own commit. A hold (6) may end, and upstream nothing does.
CREATE FUNCTION ca.revoke_upstream() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ca.upstream_revocations (serial, reason_code, due_at)
    SELECT r.serial, r.reason_code, r.revoked_at FROM revoked r JOIN ca.upstream_orders o ON o.serial = r.serial
      WHERE r.reason_code <> 6
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER upstream AFTER INSERT ON ca.revocations REFERENCING NEW TABLE AS revoked FOR EACH STATEMENT EXECUTE FUNCTION ca.revoke_upstream();

-- Puts an order on record before upstream is asked, unless the ledger would refuse what comes of it: a spent token and a spent quota make upstream sign nothing. The id, or the outcome in
-- the words of ca.record.
CREATE FUNCTION ca.ask_upstream(
  p_now timestamptz, p_subject text, p_requester text, p_profile text, p_request bytea, p_public_key bytea, p_renews bytea, p_lineage text, p_idempotency text, p_token bytea,
  p_tenant text, p_not_after timestamptz, p_recent_since timestamptz, p_recent_limit int, p_hourly_limit int,
  OUT id bigint, OUT outcome text, OUT stored_der bytea, OUT stored_key bytea)
LANGUAGE plpgsql AS $$
BEGIN
  SELECT 'exists', c.der, c.public_key_sha256 INTO outcome, stored_der, stored_key FROM ca.certificates c WHERE c.idempotency_key = p_idempotency;
  IF NOT FOUND THEN
    outcome := CASE
      WHEN EXISTS (SELECT FROM ca.revocations r WHERE r.serial = p_renews) THEN 'revoked'
      WHEN EXISTS (SELECT FROM ca.revoked_lineages l WHERE l.lineage = coalesce((SELECT c.lineage FROM ca.certificates c WHERE c.serial = p_renews), p_lineage)) THEN 'lineage_revoked'
      WHEN EXISTS (SELECT FROM ca.revoked_keys k WHERE k.public_key_sha256 = p_public_key) THEN 'key_revoked'
      WHEN EXISTS (SELECT FROM ca.revoked_subjects s WHERE s.profile = p_profile AND s.subject = p_subject) THEN 'subject_revoked'
      WHEN EXISTS (SELECT FROM ca.used_tokens u WHERE u.hash = p_token) THEN 'token_used' END;
  END IF;
  IF outcome IS NULL AND p_recent_limit IS NOT NULL THEN
    -- As the ledger will, but without its lock: those at once may be a few too many upstream, not here.
    outcome := (ca.judge(
      p_now, ARRAY[p_subject], ARRAY[p_profile], ARRAY[p_tenant], ARRAY[p_lineage], ARRAY[NULL::bytea], ARRAY[p_public_key], ARRAY[p_not_after], ARRAY[p_renews],
      ARRAY[false], ARRAY[p_recent_since], ARRAY[p_recent_limit], ARRAY[p_hourly_limit]))[1];
  END IF;
  IF outcome IS NULL THEN
    INSERT INTO ca.upstream_orders AS o (asked_at, subject, requester, request) VALUES (p_now, p_subject, p_requester, p_request) RETURNING o.id INTO id;
  END IF;
END $$;

-- What upstream signed and the ledger has not: after a moment it is to be revoked there, for no client has it. Orders that are over for long are forgotten. How many were found.
CREATE FUNCTION ca.settle_upstream(p_now timestamptz, p_limit int) RETURNS int
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
  v_ids bigint[];
BEGIN
  v_ids := ARRAY(SELECT o.id FROM ca.upstream_orders o WHERE NOT o.settled AND o.asked_at < p_now - interval '2 minutes' ORDER BY o.id LIMIT p_limit FOR UPDATE SKIP LOCKED);
  INSERT INTO ca.upstream_revocations (serial, reason_code, due_at)
    -- cessationOfOperation
    SELECT o.serial, 5, p_now FROM ca.upstream_orders o
      WHERE o.id = ANY (v_ids) AND o.serial IS NOT NULL AND o.not_after > p_now AND NOT EXISTS (SELECT FROM ca.certificates c WHERE c.serial = o.serial)
    ON CONFLICT DO NOTHING;
  UPDATE ca.upstream_orders o SET settled = true WHERE o.id = ANY (v_ids);
  -- What has ended is past revoking; upstream may refuse it for ever.
  DELETE FROM ca.upstream_revocations r USING ca.upstream_orders o WHERE o.serial = r.serial AND o.not_after < p_now - interval '1 day';
  DELETE FROM ca.upstream_orders o WHERE o.id IN (
    SELECT f.id FROM ca.upstream_orders f WHERE f.settled AND coalesce(f.not_after, f.asked_at) < p_now - interval '90 days' ORDER BY f.id LIMIT p_limit);
  RETURN cardinality(v_ids);
END $$;
