-- Which clients a session has signed its person in for.
CREATE TABLE accounts.session_clients (
  token_hash bytea NOT NULL REFERENCES accounts.sessions ON DELETE CASCADE,
  client_id text NOT NULL,
  first_used timestamptz NOT NULL,
  PRIMARY KEY (token_hash, client_id)
);
