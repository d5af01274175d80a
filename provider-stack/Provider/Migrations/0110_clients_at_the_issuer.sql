-- The tenants' clients are the issuer's from now on. Every tenant that has joined gets one, with the secret it has, if it has one;
-- a bundle that waits for its confirmation is made again, with the client in it.
DROP TABLE provider.federation_clients;
UPDATE provider.tenants SET federation_due_at = now() WHERE status IN ('joining', 'joined', 'active');
UPDATE provider.tenants SET status = 'joining', workflow_revision = workflow_revision + 1 WHERE status = 'joined';
