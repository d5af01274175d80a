-- Who changes provisioners over the administration API, the authority's own name policy, and by which version of a provisioner a change was made.
CREATE SEQUENCE ca.versions;

-- Of those so far.
CREATE FUNCTION ca.last_certificate_id() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT CASE WHEN s.is_called THEN s.last_value ELSE 0 END FROM ca.certificates_id_seq s
$$;

ALTER TABLE ca.provisioners
  -- Never the same again, whatever was removed in between.
  ADD COLUMN version bigint NOT NULL DEFAULT nextval('ca.versions'),
  -- A certificate up to this one is of an earlier provisioner of the same name: it is not renewed, and makes nobody an administrator.
  ADD COLUMN added_after bigint NOT NULL DEFAULT 0;
ALTER TABLE ca.provisioners ALTER COLUMN added_after SET DEFAULT ca.last_certificate_id();

CREATE TABLE ca.administrators (
  id text PRIMARY KEY,
  provisioner text NOT NULL REFERENCES ca.provisioners ON DELETE CASCADE,
  -- A common name, DNS name or e-mail address of a certificate of that provisioner.
  subject text NOT NULL,
  super boolean NOT NULL,
  created_at timestamptz NOT NULL,
  UNIQUE (provisioner, subject)
);

CREATE TABLE ca.authority_policy (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  -- As ca.json writes it.
  policy jsonb NOT NULL,
  version bigint NOT NULL DEFAULT nextval('ca.versions'),
  written_at timestamptz NOT NULL
);

CREATE FUNCTION ca.announce_authority_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('iot_provisioners', '');
  RETURN NULL;
END $$;

CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON ca.authority_policy FOR EACH ROW EXECUTE FUNCTION ca.announce_authority_policy();
