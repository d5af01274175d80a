-- The append-only, hash-chained audit log.
--   hash(n) = SHA-256 over the netstrings ("length:bytes,") of sequence, time in microseconds since 1970 UTC, actor, action,
--   subject, details and the hex of hash(n-1); hash(0) is 32 zero bytes. AuditChain.cs computes the same outside the database.
-- One row of audit.head serialises the writers: append last in a transaction, and in READ COMMITTED.
CREATE SCHEMA audit;

CREATE TABLE audit.entries (
  sequence bigint PRIMARY KEY,
  at timestamptz NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  details text NOT NULL,
  hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);

CREATE TABLE audit.head (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  sequence bigint NOT NULL,
  hash bytea NOT NULL
) WITH (fillfactor = 10);

INSERT INTO audit.head (sequence, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

-- Planning anew would cost more than a small batch does.
CREATE FUNCTION audit.append_many(actors text[], actions text[], subjects text[], details text[]) RETURNS bigint
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  number bigint;
  previous bytea;
  entries int := coalesce(cardinality(actors), 0);
  hashes bytea[] := '{}';
  moment timestamptz;
  micros text;
BEGIN
  IF entries <> coalesce(cardinality(actions), 0) OR entries <> coalesce(cardinality(subjects), 0) OR entries <> coalesce(cardinality(details), 0) THEN
    RAISE EXCEPTION 'audit.append_many: arrays of different length' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT h.sequence, h.hash INTO STRICT number, previous FROM audit.head h FOR UPDATE;
  IF entries = 0 THEN
    RETURN number;
  END IF;
  moment := clock_timestamp();
  micros := (extract(epoch FROM moment) * 1000000)::bigint::text;
  micros := length(micros) || ':' || micros || ',';
  FOR i IN 1 .. entries LOOP
    previous := sha256(convert_to(
      length((number + i)::text) || ':' || (number + i) || ',' || micros
      || octet_length(actors[i]) || ':' || actors[i] || ',' || octet_length(actions[i]) || ':' || actions[i] || ','
      || octet_length(subjects[i]) || ':' || subjects[i] || ',' || octet_length(details[i]) || ':' || details[i] || ','
      || '64:' || encode(previous, 'hex') || ',', 'UTF8'));
    hashes[i] := previous;
  END LOOP;
  INSERT INTO audit.entries (sequence, at, actor, action, subject, details, hash)
    SELECT number + e.i, moment, e.actor, e.action, e.subject, e.details, e.hash
    FROM unnest(actors, actions, subjects, details, hashes) WITH ORDINALITY AS e (actor, action, subject, details, hash, i);
  UPDATE audit.head h SET sequence = number + entries, hash = previous;
  RETURN number + entries;
END;
$$;

CREATE FUNCTION audit.append(actor text, action text, subject text, details text) RETURNS bigint
LANGUAGE sql AS $$ SELECT audit.append_many(ARRAY[actor], ARRAY[action], ARRAY[subject], ARRAY[details]) $$;

CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END;
$$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.entries FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER never_removed BEFORE DELETE OR TRUNCATE ON audit.head FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER never_back BEFORE UPDATE ON audit.head FOR EACH ROW WHEN (NEW.sequence <= OLD.sequence) EXECUTE FUNCTION audit.refuse();
