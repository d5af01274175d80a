-- Keys by which an operator says who may have an account (RFC 8555 7.3.4), each for one account.
CREATE TABLE acme.external_account_keys (
  id text PRIMARY KEY,
  provisioner text NOT NULL,
  -- The operator's own word for whom it is.
  reference text,
  -- Encrypted with the data folder's key; gone once it is used.
  ciphertext text,
  created_at timestamptz NOT NULL,
  bound_at timestamptz,
  UNIQUE (provisioner, reference),
  CHECK ((ciphertext IS NULL) = (bound_at IS NOT NULL))
);

-- An account whose key is removed is bound to none: where a binding is required, it orders nothing more.
ALTER TABLE acme.accounts ADD COLUMN external_account_key text UNIQUE REFERENCES acme.external_account_keys ON DELETE SET NULL;
