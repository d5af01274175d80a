-- Name policies of single ACME accounts. They belong to the external account key that an account is bound to, so that one can be there before the account is.
ALTER TABLE acme.external_account_keys
  -- As ca.json writes it.
  ADD COLUMN policy jsonb,
  ADD COLUMN policy_version bigint,
  ADD CHECK ((policy IS NULL) = (policy_version IS NULL));
