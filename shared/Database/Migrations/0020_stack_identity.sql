-- Whose database this is: the data folder beside it holds the same id. Without a row the database has not been adopted yet.
CREATE TABLE platform.identity (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  stack_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('provider', 'tenant')),
  -- Hex SHA-256; null until the stack has a root.
  root_fingerprint text CHECK (root_fingerprint ~ '^[0-9a-f]{64}$'),
  adopted_at timestamptz NOT NULL
);
