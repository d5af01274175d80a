-- Names that the provider serves under. A name that is not here yet is taken only when every live Sub-CA excludes it.
CREATE TABLE provider.served_names (
  name      text PRIMARY KEY,
  since     timestamptz NOT NULL
);

-- Settings that certificates and bundles carry, as they were when this provider last started.
CREATE TABLE provider.kept_settings (
  setting   text PRIMARY KEY,
  value     text NOT NULL,
  since     timestamptz NOT NULL
);
