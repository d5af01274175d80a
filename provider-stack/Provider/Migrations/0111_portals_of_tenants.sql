-- Where the provider's staff comes back to at a tenant without Keycloak; null: not told yet.
ALTER TABLE provider.joins ADD portal_url text;
