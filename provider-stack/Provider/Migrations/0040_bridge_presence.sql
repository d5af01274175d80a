-- Since when the tenant's bridge is connected to the broker, as far as somebody looked; null: it is not.
ALTER TABLE provider.tenants ADD bridge_up_since timestamptz;
