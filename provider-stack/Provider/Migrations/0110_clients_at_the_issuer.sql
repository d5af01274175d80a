-- The tenants' clients are the issuer's from now on. Every tenant that has joined gets one, with the secret it has, if it has one;
-- a bundle that waits for its confirmation is made again, with the client in it.
DROP TABLE provider.federation_clients;
UPDATE provider.tenants t SET federation_due_at = now() WHERE EXISTS (SELECT 1 FROM provider.joins j WHERE j.tenant_id = t.tenant_id AND j.confirmed_at IS NOT NULL);
UPDATE provider.tenants SET status = 'joining', workflow_revision = workflow_revision + 1 WHERE status = 'joined';
