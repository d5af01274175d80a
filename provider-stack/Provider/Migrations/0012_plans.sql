-- What a tenant may use at the broker; the numbers behind the name are the provider's setting.
ALTER TABLE provider.tenants ADD plan text NOT NULL DEFAULT 'standard' CHECK (plan ~ '^[a-z0-9-]{1,32}$');
