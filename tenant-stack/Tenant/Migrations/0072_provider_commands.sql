-- Commands of the provider, by its id; and the state of each that it was told.
ALTER TABLE tenant.device_commands ADD COLUMN provider_id uuid UNIQUE;
ALTER TABLE tenant.device_commands ADD COLUMN reported text;

CREATE INDEX device_commands_unreported ON tenant.device_commands (id) WHERE provider_id IS NOT NULL AND reported IS DISTINCT FROM state;
