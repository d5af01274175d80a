CREATE SCHEMA ca;

CREATE TABLE ca.certificates (
  serial bytea PRIMARY KEY CHECK (octet_length(serial) BETWEEN 1 AND 20),
  id bigint GENERATED ALWAYS AS IDENTITY,
  subject text NOT NULL,
  sans text[] NOT NULL,
  issuer text NOT NULL,
  issuer_key_id bytea NOT NULL,
  profile text NOT NULL,
  provisioner text NOT NULL,
  requester text NOT NULL,
  tenant text,
  public_key_sha256 bytea NOT NULL CHECK (octet_length(public_key_sha256) = 32),
  not_before timestamptz NOT NULL,
  not_after timestamptz NOT NULL,
  issued_at timestamptz NOT NULL,
  renews bytea,
  idempotency_key text,
  der bytea NOT NULL
);
CREATE UNIQUE INDEX certificates_id ON ca.certificates (id);
CREATE UNIQUE INDEX certificates_idempotency ON ca.certificates (idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX certificates_subject ON ca.certificates (subject, id);

CREATE TABLE ca.revocations (
  serial bytea PRIMARY KEY REFERENCES ca.certificates (serial),
  reason_code smallint NOT NULL CHECK (reason_code BETWEEN 0 AND 10 AND reason_code <> 7),
  reason text,
  revoked_by text NOT NULL,
  revoked_at timestamptz NOT NULL
);

CREATE TABLE ca.revoked_subjects (
  profile text NOT NULL,
  subject text NOT NULL,
  reason_code smallint NOT NULL,
  reason text,
  revoked_by text NOT NULL,
  revoked_at timestamptz NOT NULL,
  PRIMARY KEY (profile, subject)
);

CREATE TABLE ca.used_tokens (
  hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
  expires_at timestamptz NOT NULL
);

CREATE TABLE ca.intents (
  serial bytea PRIMARY KEY,
  subject text NOT NULL,
  profile text NOT NULL,
  issuer text NOT NULL,
  tbs_sha256 bytea NOT NULL CHECK (octet_length(tbs_sha256) = 32),
  requester text NOT NULL,
  recorded_at timestamptz NOT NULL
);

CREATE TABLE ca.provisioners (
  name text PRIMARY KEY,
  type text NOT NULL,
  key_id text NOT NULL UNIQUE,
  public_key text NOT NULL,
  encrypted_key text NOT NULL,
  created_at timestamptz NOT NULL
);

-- An issued certificate is history: it is never changed and never deleted.
CREATE FUNCTION ca.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ca.certificates FOR EACH STATEMENT EXECUTE FUNCTION ca.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ca.revocations FOR EACH STATEMENT EXECUTE FUNCTION ca.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ca.intents FOR EACH STATEMENT EXECUTE FUNCTION ca.refuse_change();

-- One lock orders issuing (shared) against revoking a whole subject (exclusive): no certificate slips in between.
CREATE FUNCTION ca.subject_lock() RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT 4919131761427::bigint $$;
