-- An account's authenticator app (TOTP). The secret is encrypted under the data folder's key; last_step is the latest step that a code was taken for: none is taken twice.
CREATE TABLE accounts.authenticators (
  account bigint PRIMARY KEY REFERENCES accounts.accounts ON DELETE CASCADE,
  ciphertext text NOT NULL,
  last_step bigint NOT NULL,
  added_at timestamptz NOT NULL
);

-- Known to their person only: here is the SHA-256 of each that was not used yet.
CREATE TABLE accounts.recovery_codes (
  account bigint NOT NULL REFERENCES accounts.accounts ON DELETE CASCADE,
  code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
  PRIMARY KEY (account, code_hash)
);

-- What a session was opened with, from where, and until when its person counts as asked again just now.
ALTER TABLE accounts.sessions ADD method text NOT NULL DEFAULT 'password', ADD address text, ADD confirmed_until timestamptz;
