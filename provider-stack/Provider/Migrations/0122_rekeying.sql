-- When a tenant's Sub-CA was revoked so that it makes another key: its bridge may ask for one new Sub-CA, that no Sub-CA vouches for.
ALTER TABLE provider.tenants ADD COLUMN rekey_since timestamptz;
