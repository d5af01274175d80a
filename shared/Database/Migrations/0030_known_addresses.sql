-- Where an account was used from with its password: an attack from elsewhere does not lock it out there.
CREATE TABLE accounts.known_addresses (
  account bigint NOT NULL REFERENCES accounts.accounts ON DELETE CASCADE,
  address text NOT NULL CHECK (length(address) BETWEEN 1 AND 64),
  last_login timestamptz NOT NULL,
  PRIMARY KEY (account, address)
);
