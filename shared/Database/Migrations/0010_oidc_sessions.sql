-- People signed in to the portal at the identity provider. The session's token is in the browser's cookie only: here is its SHA-256.
-- ciphertext: the ID token and the refresh token, under a key outside the database.
CREATE TABLE accounts.oidc_sessions (
  token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
  issuer text NOT NULL,
  subject text NOT NULL,
  name text NOT NULL,
  identity_provider text,
  roles text[] NOT NULL,
  ciphertext text NOT NULL,
  created_at timestamptz NOT NULL,
  refresh_at timestamptz NOT NULL,
  valid_until timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);

CREATE INDEX oidc_sessions_by_person ON accounts.oidc_sessions (issuer, subject, created_at);
CREATE INDEX oidc_sessions_by_expiry ON accounts.oidc_sessions (expires_at);

-- Logins that have come back from the identity provider, by the SHA-256 of their state, so that none does twice.
CREATE TABLE accounts.oidc_used_logins (
  state_hash bytea PRIMARY KEY CHECK (octet_length(state_hash) = 32),
  expires_at timestamptz NOT NULL
);

CREATE INDEX oidc_used_logins_by_expiry ON accounts.oidc_used_logins (expires_at);
