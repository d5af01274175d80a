-- The inventory: whose certificates they are, found without reading all, and forgotten some time after they have ended.

-- Pages of one provisioner, one issuer, one part of the calendar. Few values and dates in order of issue: small, and cheap to add to.
CREATE INDEX certificates_provisioner ON ca.certificates (provisioner, id);
CREATE INDEX certificates_issuer ON ca.certificates (issuer, id);
CREATE INDEX certificates_not_after ON ca.certificates USING brin (not_after) WITH (pages_per_range = 32);

-- Endpoints: whoever has a certificate, one after the other. A projection of the certificates that is behind them by moments, so that issuing does not pay for it.
CREATE TABLE ca.endpoints (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- A digest of its names where these make it one; else the serial number of its first certificate.
  key bytea NOT NULL UNIQUE,
  subject text NOT NULL,
  profile text NOT NULL,
  provisioner text NOT NULL,
  tenant text,
  first_issued_at timestamptz NOT NULL,
  -- Of its newest certificate.
  latest_id bigint NOT NULL UNIQUE,
  latest_serial bytea NOT NULL,
  latest_not_after timestamptz NOT NULL
);
CREATE INDEX endpoints_provisioner ON ca.endpoints (provisioner, latest_id);

-- Lower case. A renewal has the names of what it renews, so these are few.
CREATE TABLE ca.endpoint_names (
  name text NOT NULL,
  endpoint bigint NOT NULL REFERENCES ca.endpoints ON DELETE CASCADE,
  PRIMARY KEY (name, endpoint)
);
CREATE INDEX endpoint_names_endpoint ON ca.endpoint_names (endpoint);

CREATE TABLE ca.endpoint_certificates (
  serial bytea PRIMARY KEY REFERENCES ca.certificates (serial),
  endpoint bigint NOT NULL REFERENCES ca.endpoints
);
CREATE INDEX endpoint_certificates_endpoint ON ca.endpoint_certificates (endpoint);

-- How far both of the following have come, in the order of issue.
CREATE TABLE ca.inventory_scan (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  mapped_id bigint NOT NULL DEFAULT 0,
  -- Nothing can be committed behind this one any more.
  settled_id bigint NOT NULL DEFAULT 0,
  purged_id bigint NOT NULL DEFAULT 0
);
INSERT INTO ca.inventory_scan DEFAULT VALUES;

-- Those of authorities and their responders are nobody's endpoint, and are kept.
CREATE FUNCTION ca.is_of_authority(p_profile text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p_profile IN ('root', 'intermediate', 'tenant-sub-ca', 'ocsp-responder')
$$;

-- One batch: puts certificates to their endpoints. Calls wait for one another.
--   p_by_names: provisioners that renew nothing, whose certificates of the same names are one endpoint.
--   p_first: begins a pass, from where the last one was settled. more: call again, without p_first.
CREATE FUNCTION ca.map_endpoints(p_now timestamptz, p_by_names text[], p_limit int, p_first boolean, OUT mapped int, OUT more boolean)
LANGUAGE plpgsql
-- The statistics may be from when the tables were small.
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
  v_scan ca.inventory_scan;
  v_row ca.certificates;
  v_examined int := 0;
  v_endpoint bigint;
  v_names text[];
  v_key bytea;
BEGIN
  SELECT * INTO STRICT v_scan FROM ca.inventory_scan FOR UPDATE;
  IF p_first THEN
    v_scan.mapped_id := v_scan.settled_id;
  END IF;
  mapped := 0;
  FOR v_row IN SELECT c.* FROM ca.certificates c WHERE c.id > v_scan.mapped_id ORDER BY c.id LIMIT p_limit LOOP
    v_examined := v_examined + 1;
    v_scan.mapped_id := v_row.id;
    -- A commit takes seconds at most; what is older has nothing uncommitted before it.
    IF v_row.issued_at < p_now - interval '5 minutes' THEN
      v_scan.settled_id := v_row.id;
    END IF;
    CONTINUE WHEN ca.is_of_authority(v_row.profile) OR EXISTS (SELECT FROM ca.endpoint_certificates m WHERE m.serial = v_row.serial);

    v_endpoint := NULL;
    IF v_row.renews IS NOT NULL THEN
      SELECT m.endpoint INTO v_endpoint FROM ca.endpoint_certificates m WHERE m.serial = v_row.renews;
    END IF;
    IF v_endpoint IS NULL THEN
      v_names := ARRAY(SELECT DISTINCT lower(n) FROM unnest(v_row.sans || v_row.subject) n WHERE n <> '' ORDER BY 1);
      -- What no token bought is one of a kind by its name: a device, a bridge, a service.
      v_key := CASE WHEN v_row.profile <> 'leaf' OR v_row.provisioner = ANY (p_by_names)
        THEN sha256(convert_to(array_to_json(ARRAY[v_row.profile, v_row.provisioner, v_row.tenant, lower(v_row.subject)] || v_names)::text, 'UTF8'))
        ELSE v_row.serial END;
      INSERT INTO ca.endpoints AS e (key, subject, profile, provisioner, tenant, first_issued_at, latest_id, latest_serial, latest_not_after)
        VALUES (v_key, v_row.subject, v_row.profile, v_row.provisioner, v_row.tenant, v_row.issued_at, v_row.id, v_row.serial, v_row.not_after)
        ON CONFLICT (key) DO NOTHING RETURNING e.id INTO v_endpoint;
      IF v_endpoint IS NULL THEN
        SELECT e.id INTO STRICT v_endpoint FROM ca.endpoints e WHERE e.key = v_key;
      ELSE
        INSERT INTO ca.endpoint_names (name, endpoint) SELECT n, v_endpoint FROM unnest(v_names) n;
      END IF;
    END IF;
    INSERT INTO ca.endpoint_certificates (serial, endpoint) VALUES (v_row.serial, v_endpoint);
    UPDATE ca.endpoints e SET latest_id = v_row.id, latest_serial = v_row.serial, latest_not_after = v_row.not_after
      WHERE e.id = v_endpoint AND e.latest_id < v_row.id;
    mapped := mapped + 1;
  END LOOP;
  more := v_examined = p_limit;
  UPDATE ca.inventory_scan SET mapped_id = v_scan.mapped_id, settled_id = v_scan.settled_id;
END $$;

-- An issued certificate is history: it is never changed, and deleted only when it has ended for a month and nobody revoked it.
DROP TRIGGER append_only ON ca.certificates;
CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON ca.certificates FOR EACH STATEMENT EXECUTE FUNCTION ca.refuse_change();
CREATE TRIGGER ended BEFORE DELETE ON ca.certificates FOR EACH ROW
  WHEN (OLD.not_after > now() - interval '30 days' OR ca.is_of_authority(OLD.profile)) EXECUTE FUNCTION ca.refuse_change();

-- Which of them are history that a hold is part of.
CREATE INDEX ended_holds_serial ON ca.ended_holds (serial);

-- One batch: forgets certificates that ended before a moment. Revoked ones stay, for lists and for keys that are trusted no more; so does what an event is still to be told of.
--   p_first: begins a pass over all of them. more: call again, without p_first.
CREATE FUNCTION ca.purge_certificates(p_ended_before timestamptz, p_limit int, p_first boolean, OUT purged int, OUT more boolean)
LANGUAGE plpgsql
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
  v_scan ca.inventory_scan;
  v_before timestamptz;
  -- An entry of what ended long ago may be as young as the scan that found it.
  v_untold timestamptz := coalesce((SELECT e.at FROM audit.entries e WHERE e.sequence = (SELECT r.position + 1 FROM events.relay r)), now()) - interval '1 day';
  v_examined int;
  v_last bigint;
  v_issued timestamptz;
  v_serials bytea[];
  v_endpoints bigint[];
BEGIN
  SELECT * INTO STRICT v_scan FROM ca.inventory_scan FOR UPDATE;
  IF p_first THEN
    v_scan.purged_id := 0;
  END IF;
  v_before := least(p_ended_before, (SELECT e.at FROM audit.entries e WHERE e.sequence = (SELECT r.position + 1 FROM events.relay r)));
  SELECT count(*), max(o.id), min(o.issued_at),
      array_agg(o.serial) FILTER (WHERE o.not_after < v_before AND NOT ca.is_of_authority(o.profile)
        AND (SELECT true FROM ca.revocations r WHERE r.serial = o.serial) IS NULL
        AND (SELECT true FROM ca.ended_holds h WHERE h.serial = o.serial LIMIT 1) IS NULL
        AND (SELECT true FROM ca.told_expiring t WHERE t.serial = o.serial AND t.told_at >= v_untold) IS NULL)
    INTO v_examined, v_last, v_issued, v_serials
    FROM (SELECT c.id, c.serial, c.not_after, c.profile, c.issued_at FROM ca.certificates c
      WHERE c.id > v_scan.purged_id AND c.id <= v_scan.settled_id ORDER BY c.id LIMIT p_limit) o;
  DELETE FROM ca.told_expiring t WHERE t.serial = ANY (v_serials);
  WITH freed AS (DELETE FROM ca.endpoint_certificates m WHERE m.serial = ANY (v_serials) RETURNING m.endpoint)
    SELECT array_agg(DISTINCT f.endpoint) INTO v_endpoints FROM freed f;
  DELETE FROM ca.certificates c WHERE c.serial = ANY (v_serials);
  GET DIAGNOSTICS purged = ROW_COUNT;
  DELETE FROM ca.endpoints e WHERE e.id = ANY (v_endpoints) AND NOT EXISTS (SELECT FROM ca.endpoint_certificates m WHERE m.endpoint = e.id);
  -- What was issued later has not ended before; a clock may have been wrong for some of them.
  more := v_examined = p_limit AND v_issued < v_before;
  UPDATE ca.inventory_scan SET purged_id = coalesce(v_last, v_scan.purged_id);
END $$;
