-- Inventories: by the name in a credential, what goes into its certificate, and who gets one at all.
CREATE TABLE ca.inventories (
  name text PRIMARY KEY,
  entries int NOT NULL DEFAULT 0,
  changed_at timestamptz NOT NULL
);

CREATE TABLE ca.inventory_entries (
  inventory text NOT NULL REFERENCES ca.inventories ON DELETE CASCADE,
  -- Compared to the letter: two names are two credentials.
  key text COLLATE "C" NOT NULL,
  -- A JSON object, as it was given.
  data text NOT NULL,
  PRIMARY KEY (inventory, key)
);
