-- The certificate that an order replaces (RFC 9773 5), by its unique identifier.
ALTER TABLE acme.orders ADD COLUMN replaces text;
CREATE INDEX orders_replaces ON acme.orders (replaces) WHERE replaces IS NOT NULL;
