-- Endpoints that have more certificates that are good than they need: an event, for whoever watches over renewals that go wrong.
ALTER TABLE ca.endpoints ADD COLUMN surplus_told_at timestamptz;
-- How far they were counted, in the order of the newest certificates. Endpoints from before are counted with their next one.
ALTER TABLE ca.inventory_scan ADD COLUMN counted_id bigint NOT NULL DEFAULT 0;
UPDATE ca.inventory_scan SET counted_id = settled_id;

-- One batch: tells endpoints that got a certificate and have more than so many, each once a day at most. Calls wait for one another, and for those that put certificates to endpoints.
--   p_first: begins a pass, from where nothing can be committed any more. more: call again, without p_first.
CREATE FUNCTION ca.tell_surplus(p_now timestamptz, p_most int, p_limit int, p_first boolean, OUT told int, OUT more boolean)
LANGUAGE plpgsql
-- The statistics may be from when the tables were small.
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
  v_scan ca.inventory_scan;
  v_examined int;
  v_last bigint;
  v_endpoints bigint[];
  v_subjects text[];
  v_details text[];
BEGIN
  SELECT * INTO STRICT v_scan FROM ca.inventory_scan FOR UPDATE;
  IF p_first THEN
    v_scan.counted_id := least(v_scan.counted_id, v_scan.settled_id);
  END IF;
  SELECT count(*), max(o.latest_id),
      array_agg(o.id ORDER BY o.latest_id) FILTER (WHERE o.active > p_most),
      array_agg(o.subject ORDER BY o.latest_id) FILTER (WHERE o.active > p_most),
      array_agg(format('{"serial":"%s","endpoint":%s,"active":%s}', upper(encode(o.latest_serial, 'hex')), o.id, o.active) ORDER BY o.latest_id) FILTER (WHERE o.active > p_most)
    INTO v_examined, v_last, v_endpoints, v_subjects, v_details
    FROM (
      SELECT e.id, e.subject, e.latest_id, e.latest_serial, CASE WHEN e.surplus_told_at > p_now - interval '1 day' AND e.surplus_told_at <= p_now THEN 0 ELSE (
        SELECT count(*) FROM ca.endpoint_certificates m JOIN ca.certificates c ON c.serial = m.serial
          WHERE m.endpoint = e.id AND c.not_after > p_now AND NOT EXISTS (SELECT FROM ca.revocations r WHERE r.serial = m.serial)) END AS active
      FROM ca.endpoints e WHERE e.latest_id > v_scan.counted_id ORDER BY e.latest_id LIMIT p_limit) o;
  told := coalesce(cardinality(v_endpoints), 0);
  more := v_examined = p_limit;
  UPDATE ca.endpoints e SET surplus_told_at = p_now WHERE e.id = ANY (v_endpoints);
  UPDATE ca.inventory_scan SET counted_id = coalesce(v_last, v_scan.counted_id);
  IF told > 0 THEN
    PERFORM audit.append_many(array_fill('system'::text, ARRAY[told]), array_fill('certificate.surplus'::text, ARRAY[told]), v_subjects, v_details);
  END IF;
END $$;
