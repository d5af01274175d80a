-- WebAuthn credentials of local accounts: public keys only. sign_count is what the authenticator counted last; one that counts backwards was copied.
CREATE TABLE accounts.passkeys (
  credential_id bytea PRIMARY KEY CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
  account bigint NOT NULL REFERENCES accounts.accounts ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  public_key bytea NOT NULL,
  sign_count bigint NOT NULL,
  transports text[] NOT NULL,
  backup_eligible boolean NOT NULL,
  backed_up boolean NOT NULL,
  added_at timestamptz NOT NULL,
  last_used timestamptz
);

CREATE INDEX passkeys_by_account ON accounts.passkeys (account, added_at);
