-- The provider's database at the last checkpoint: another one has been started, and may lack what the one before had.
ALTER TABLE tenant.uplink ADD COLUMN provider_database text;
