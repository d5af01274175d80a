-- Orders upstream say of which upstream they are, which alone is told of their revocations; keep a request only with the certificate that it got; and are found by their end when they are to be
-- forgotten.

ALTER TABLE ca.upstream_orders
  -- SHA-256 of its root, lower-case hex.
  ADD COLUMN root text NOT NULL DEFAULT '',
  -- NULL until it is answered.
  ALTER COLUMN request DROP NOT NULL;
-- From before this column: of the upstream that was met last.
UPDATE ca.upstream_orders SET root = coalesce((SELECT encode(sha256(i.chain[cardinality(i.chain)]), 'hex') FROM ca.upstream_issuers i ORDER BY i.seen_at DESC LIMIT 1), '');
ALTER TABLE ca.upstream_orders ALTER COLUMN root DROP DEFAULT;
CREATE INDEX upstream_orders_ended ON ca.upstream_orders ((coalesce(not_after, asked_at))) WHERE settled;
CREATE INDEX upstream_orders_unanswered ON ca.upstream_orders (asked_at) WHERE settled AND serial IS NULL;

ALTER TABLE ca.upstream_revocations ADD COLUMN root text;
UPDATE ca.upstream_revocations r SET root = o.root FROM ca.upstream_orders o WHERE o.serial = r.serial;
ALTER TABLE ca.upstream_revocations ALTER COLUMN root SET NOT NULL;
CREATE INDEX upstream_revocations_of ON ca.upstream_revocations (root, due_at);

CREATE OR REPLACE FUNCTION ca.revoke_upstream() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ca.upstream_revocations (serial, root, reason_code, due_at)
    SELECT r.serial, o.root, r.reason_code, r.revoked_at FROM revoked r JOIN ca.upstream_orders o ON o.serial = r.serial
      WHERE r.reason_code <> 6
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;

DROP FUNCTION ca.ask_upstream(timestamptz, text, text, text, bytea, bytea, bytea, text, text, bytea, text, timestamptz, timestamptz, int, int);

-- Puts an order on record before upstream is asked, unless the ledger would refuse what comes of it: a spent token and a spent quota make upstream sign nothing. The id, or the outcome in
-- the words of ca.record.
CREATE FUNCTION ca.ask_upstream(
  p_now timestamptz, p_subject text, p_requester text, p_profile text, p_root text, p_public_key bytea, p_renews bytea, p_lineage text, p_idempotency text, p_token bytea,
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
    INSERT INTO ca.upstream_orders AS o (asked_at, subject, requester, root) VALUES (p_now, p_subject, p_requester, p_root) RETURNING o.id INTO id;
  END IF;
END $$;

-- What upstream signed and the ledger has not: after a moment it is to be revoked there, for no client has it. Orders that are over for long are forgotten. How many were found. Every statement
-- reads by an index what it changes and no more: this runs every few seconds.
CREATE OR REPLACE FUNCTION ca.settle_upstream(p_now timestamptz, p_limit int) RETURNS int
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
  v_ids bigint[];
BEGIN
  v_ids := ARRAY(SELECT o.id FROM ca.upstream_orders o WHERE NOT o.settled AND o.asked_at < p_now - interval '2 minutes' ORDER BY o.id LIMIT p_limit FOR UPDATE SKIP LOCKED);
  INSERT INTO ca.upstream_revocations (serial, root, reason_code, due_at)
    -- cessationOfOperation
    SELECT o.serial, o.root, 5, p_now FROM ca.upstream_orders o
      WHERE o.id = ANY (v_ids) AND o.serial IS NOT NULL AND o.not_after > p_now AND NOT EXISTS (SELECT FROM ca.certificates c WHERE c.serial = o.serial)
    ON CONFLICT DO NOTHING;
  UPDATE ca.upstream_orders o SET settled = true WHERE o.id = ANY (v_ids);
  -- What has ended is past revoking; upstream may refuse it for ever. Of those that are due: one that is not is asked for by nobody.
  DELETE FROM ca.upstream_revocations r WHERE r.serial = ANY (ARRAY(
    SELECT d.serial FROM (SELECT f.serial FROM ca.upstream_revocations f WHERE f.due_at <= p_now ORDER BY f.due_at LIMIT p_limit) d
      WHERE (SELECT o.not_after FROM ca.upstream_orders o WHERE o.serial = d.serial) < p_now - interval '1 day'));
  DELETE FROM ca.upstream_orders o WHERE o.id = ANY (ARRAY(
    SELECT f.id FROM ca.upstream_orders f WHERE f.settled AND coalesce(f.not_after, f.asked_at) < p_now - interval '90 days' ORDER BY coalesce(f.not_after, f.asked_at) LIMIT p_limit));
  -- Of no certificate: upstream had failed at it.
  DELETE FROM ca.upstream_orders o WHERE o.id = ANY (ARRAY(
    SELECT f.id FROM ca.upstream_orders f WHERE f.settled AND f.serial IS NULL AND f.asked_at < p_now - interval '1 day' ORDER BY f.asked_at LIMIT p_limit));
  RETURN cardinality(v_ids);
END $$;
