-- Issuers beside the stack's own: those of authorities whose place it has taken, and those that were made for it. Provisioners name them.
CREATE TABLE ca.issuers (
  -- As provisioners say it.
  name text PRIMARY KEY CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  -- Subject key identifier of the chain's first; null: no certificate has come for its request yet.
  key_id bytea UNIQUE CHECK (octet_length(key_id) BETWEEN 1 AND 64),
  -- PEM, the issuer first, its root last.
  chain text,
  -- PEM, encrypted under the CA password of the data folder; null: the key is elsewhere, and the issuer signs nothing here.
  key text,
  -- DNS names that its clients called it by.
  dns_names text[] NOT NULL DEFAULT '{}',
  source text NOT NULL CHECK (source IN ('created', 'imported')),
  state text NOT NULL CHECK (state IN ('requested', 'issuing', 'renewing', 'retired')),
  created_at timestamptz NOT NULL,
  -- Since when its key is known to be in other hands: it never signs again. Null: it is not.
  compromised_at timestamptz,
  CHECK (compromised_at IS NULL OR state = 'retired'),
  CHECK ((chain IS NULL) = (state = 'requested') AND (key_id IS NULL) = (chain IS NULL)),
  CHECK (key IS NOT NULL OR state IN ('renewing', 'retired'))
);

-- Heard by whoever hears of provisioners: they stand and fall with their issuers.
CREATE FUNCTION ca.announce_issuers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('iot_provisioners', '');
  RETURN NULL;
END $$;

CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON ca.issuers FOR EACH ROW EXECUTE FUNCTION ca.announce_issuers();

-- As before; so are theirs.
CREATE OR REPLACE FUNCTION ca.is_of_authority(p_profile text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p_profile IN ('root', 'intermediate', 'issuer', 'tenant-sub-ca', 'ocsp-responder')
$$;

-- As before; these are CAs, too.
CREATE OR REPLACE FUNCTION ca.revoke_public_key(p_now timestamptz, p_public_key bytea, p_reason_code int, p_reason text, p_by text, p_details text)
RETURNS SETOF bytea
LANGUAGE plpgsql AS $$
DECLARE
  v_new boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(ca.subject_lock());
  INSERT INTO ca.revoked_keys (public_key_sha256, reason_code, reason, revoked_by, revoked_at)
    VALUES (p_public_key, p_reason_code, p_reason, p_by, p_now) ON CONFLICT DO NOTHING;
  v_new := FOUND;
  RETURN QUERY SELECT * FROM ca.revoke_all(
    p_now,
    (SELECT array_agg(c.serial) FROM ca.certificates c
      WHERE c.public_key_sha256 = p_public_key AND c.not_after > p_now AND c.profile NOT IN ('root', 'intermediate', 'issuer', 'tenant-sub-ca')),
    p_reason_code, p_reason, p_by, 'key.revoked', encode(p_public_key, 'hex'), p_details, v_new);
END $$;
