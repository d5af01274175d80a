-- By which name an order asked for its kind of certificate (draft-ietf-acme-profiles).
ALTER TABLE acme.orders ADD COLUMN profile text;
