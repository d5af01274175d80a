-- Provisioners of every type, each as step-ca's ca.json writes it: what is imported, shown and kept is one document.
ALTER TABLE ca.provisioners ADD COLUMN definition jsonb;
UPDATE ca.provisioners SET definition = jsonb_build_object('type', type, 'name', name, 'key', public_key::jsonb, 'encryptedKey', encrypted_key);
ALTER TABLE ca.provisioners
  ALTER COLUMN definition SET NOT NULL,
  -- Of a JWK provisioner alone: a token names its key, so no two have one.
  ALTER COLUMN key_id DROP NOT NULL,
  DROP COLUMN public_key,
  DROP COLUMN encrypted_key;

CREATE FUNCTION ca.announce_provisioners() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('iot_provisioners', coalesce(NEW.name, OLD.name));
  RETURN NULL;
END $$;

CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON ca.provisioners FOR EACH ROW EXECUTE FUNCTION ca.announce_provisioners();
