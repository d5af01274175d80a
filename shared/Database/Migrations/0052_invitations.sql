-- An account that was invited has no password yet, and one that is disabled opens nothing.
ALTER TABLE accounts.accounts ALTER password_hash DROP NOT NULL, ADD disabled_at timestamptz;

-- One-time links by which people choose their password. A link's token is known to its holder only: here is its SHA-256.
CREATE TABLE accounts.invitations (
  account bigint PRIMARY KEY REFERENCES accounts.accounts ON DELETE CASCADE,
  token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
  expires_at timestamptz NOT NULL
);
