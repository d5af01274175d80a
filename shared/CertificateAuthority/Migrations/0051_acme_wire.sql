-- Persons and clients of a Wire messenger, who are proven by tokens.
ALTER TABLE acme.authorizations
  DROP CONSTRAINT authorizations_type_check,
  ADD CONSTRAINT authorizations_type_check CHECK (type IN ('dns', 'ip', 'permanent-identifier', 'wireapp-user', 'wireapp-device')),
  -- What was vouched for, JSON, for the certificate's template.
  ADD COLUMN claims text;

DROP FUNCTION acme.finish_challenge(text, timestamptz, text, bytea);

-- As before, with what was vouched for.
CREATE FUNCTION acme.finish_challenge(p_challenge text, p_now timestamptz, p_error text, p_attested_key bytea, p_claims text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_status text := CASE WHEN p_error IS NULL THEN 'valid' ELSE 'invalid' END;
  v_authorization text;
  v_order text;
BEGIN
  SELECT a.id, a.order_id INTO v_authorization, v_order FROM acme.challenges c JOIN acme.authorizations a ON a.id = c.authorization_id WHERE c.id = p_challenge;
  PERFORM FROM acme.orders o WHERE o.id = v_order FOR NO KEY UPDATE;
  UPDATE acme.challenges SET status = v_status, validated_at = CASE WHEN p_error IS NULL THEN p_now END, error = p_error, due_at = NULL
    WHERE id = p_challenge AND status IN ('pending', 'processing');
  IF NOT FOUND THEN
    RETURN;
  END IF;

  UPDATE acme.authorizations SET status = v_status, attested_key = p_attested_key, claims = p_claims WHERE id = v_authorization AND status = 'pending';
  IF NOT FOUND THEN
    RETURN;
  END IF;

  IF p_error IS NOT NULL THEN
    UPDATE acme.orders SET status = 'invalid', error = p_error WHERE id = v_order AND status = 'pending';
  ELSE
    UPDATE acme.orders SET status = 'ready' WHERE id = v_order AND status = 'pending' AND NOT EXISTS (SELECT FROM acme.authorizations a WHERE a.order_id = v_order AND a.status <> 'valid');
  END IF;
END $$;
