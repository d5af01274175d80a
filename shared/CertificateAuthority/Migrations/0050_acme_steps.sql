-- What nonces are sealed with, and which of them were used. Unlogged, so that using one waits for no disk; and both, so that it stays exact: a crash of the
-- server empties them together, and a nonce whose use is lost is one that none takes any more.
DROP TABLE acme.nonce_key;

CREATE UNLOGGED TABLE acme.nonce_seals (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  -- Named by every use: a process whose key is from before the crash finds out here.
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  key bytea NOT NULL
);

CREATE UNLOGGED TABLE acme.used_nonces (
  -- Begins with its moment: new ones are at the index's end, forgotten ones at its beginning.
  nonce bytea PRIMARY KEY
);

-- A whole order in one call: how each name is to be proven is as many rows. What was wrong with it, or null.
CREATE FUNCTION acme.place_order(
  p_now timestamptz, p_account text, p_most_open int, p_most_placed int, p_order text, p_expires timestamptz, p_not_before timestamptz, p_not_after timestamptz, p_replaces text, p_profile text,
  p_authorizations text[], p_types text[], p_values text[], p_wildcards boolean[],
  -- Of which authorization each challenge is, by its position from 1.
  p_challenges text[], p_challenge_of int[], p_challenge_types text[], p_tokens text[])
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_has_ordered boolean;
BEGIN
  -- The account's row is the lock: orders at once count one after the other.
  SELECT a.has_ordered INTO v_has_ordered FROM acme.accounts a WHERE a.id = p_account FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN 'no_account';
  END IF;

  IF (SELECT count(*) FILTER (WHERE o.status IN ('pending', 'ready')) >= p_most_open OR count(*) >= p_most_placed
      FROM acme.orders o WHERE o.account_id = p_account AND o.expires_at > p_now AND o.created_at > p_now - (p_expires - p_now) - interval '1 minute') THEN
    RETURN 'too_many';
  END IF;

  IF NOT v_has_ordered THEN
    UPDATE acme.accounts SET has_ordered = true WHERE id = p_account;
  END IF;

  INSERT INTO acme.orders (id, account_id, status, created_at, expires_at, not_before, not_after, replaces, profile)
    VALUES (p_order, p_account, 'pending', p_now, p_expires, p_not_before, p_not_after, p_replaces, p_profile);
  INSERT INTO acme.authorizations (id, order_id, position, type, value, wildcard, status)
    SELECT a.id, p_order, a.position - 1, a.type, a.value, a.wildcard, 'pending'
    FROM unnest(p_authorizations, p_types, p_values, p_wildcards) WITH ORDINALITY AS a (id, type, value, wildcard, position);
  INSERT INTO acme.challenges (id, authorization_id, position, type, token, status)
    SELECT c.id, p_authorizations[c.of], c.position - 1, c.type, c.token, 'pending'
    FROM unnest(p_challenges, p_challenge_of, p_challenge_types, p_tokens) WITH ORDINALITY AS c (id, of, type, token, position);
  RETURN NULL;
END $$;

-- Ends a challenge, with it its authorization and, if that was the last thing to prove or proves nothing, its order. The second call for one changes nothing.
CREATE FUNCTION acme.finish_challenge(p_challenge text, p_now timestamptz, p_error text, p_attested_key bytea) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_status text := CASE WHEN p_error IS NULL THEN 'valid' ELSE 'invalid' END;
  v_authorization text;
  v_order text;
BEGIN
  SELECT a.id, a.order_id INTO v_authorization, v_order FROM acme.challenges c JOIN acme.authorizations a ON a.id = c.authorization_id WHERE c.id = p_challenge;
  -- One after the other: which was the last is seen by the last.
  PERFORM FROM acme.orders o WHERE o.id = v_order FOR NO KEY UPDATE;
  UPDATE acme.challenges SET status = v_status, validated_at = CASE WHEN p_error IS NULL THEN p_now END, error = p_error, due_at = NULL
    WHERE id = p_challenge AND status IN ('pending', 'processing');
  IF NOT FOUND THEN
    RETURN;
  END IF;

  UPDATE acme.authorizations SET status = v_status, attested_key = p_attested_key WHERE id = v_authorization AND status = 'pending';
  IF NOT FOUND THEN
    RETURN;
  END IF;

  IF p_error IS NOT NULL THEN
    UPDATE acme.orders SET status = 'invalid', error = p_error WHERE id = v_order AND status = 'pending';
  ELSE
    UPDATE acme.orders SET status = 'ready' WHERE id = v_order AND status = 'pending' AND NOT EXISTS (SELECT FROM acme.authorizations a WHERE a.order_id = v_order AND a.status <> 'valid');
  END IF;
END $$;
