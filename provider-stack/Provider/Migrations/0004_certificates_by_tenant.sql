-- The provider asks the CA's store which certificates a tenant has; only those of tenants are in the index.
CREATE INDEX certificates_of_tenant ON ca.certificates (tenant, id) WHERE tenant IS NOT NULL;
