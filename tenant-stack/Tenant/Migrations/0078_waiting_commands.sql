-- What waits for a device is counted before each new command, and is few; what it has had in 90 days may be many.
CREATE INDEX device_commands_waiting ON tenant.device_commands (device_id) WHERE state IN ('queued', 'delivered');
