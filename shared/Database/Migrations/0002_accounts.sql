CREATE SCHEMA accounts;

CREATE TABLE accounts.accounts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  username text NOT NULL UNIQUE CHECK (username ~ '^[a-z0-9][a-z0-9._@-]{0,63}$'),
  password_hash text NOT NULL,
  roles text[] NOT NULL,
  created_at timestamptz NOT NULL
);

-- A session's token is known to its holder only: here is its SHA-256.
CREATE TABLE accounts.sessions (
  token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
  account bigint NOT NULL REFERENCES accounts.accounts ON DELETE CASCADE,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);

CREATE INDEX sessions_by_account ON accounts.sessions (account, created_at);
CREATE INDEX sessions_by_expiry ON accounts.sessions (expires_at);
