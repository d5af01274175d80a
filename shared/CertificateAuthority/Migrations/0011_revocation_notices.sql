-- A revocation is announced to every process, with its commit.
CREATE FUNCTION ca.announce_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('iot_revoked', encode(NEW.serial, 'hex'));
  RETURN NULL;
END
$$;

CREATE TRIGGER announce AFTER INSERT ON ca.revocations FOR EACH ROW EXECUTE FUNCTION ca.announce_revocation();
