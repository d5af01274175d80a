-- What the platform's own MQTT broker enforces. No foreign key to the tenants: this is another service's state.
CREATE TABLE provider.broker_namespaces (
  name               text PRIMARY KEY,
  tenant_id          text NOT NULL UNIQUE,
  max_connections    integer NOT NULL CHECK (max_connections > 0),
  max_queues         integer NOT NULL CHECK (max_queues > 0),
  max_message_bytes  integer NOT NULL CHECK (max_message_bytes > 0),
  created_at         timestamptz NOT NULL
);

-- A login has no password column on purpose: certificate only, its name is the certificate's CN.
CREATE TABLE provider.broker_logins (
  name              text PRIMARY KEY CHECK (name !~ '[:[:cntrl:]]' AND length(name) BETWEEN 1 AND 64),
  namespace         text NOT NULL REFERENCES provider.broker_namespaces ON DELETE CASCADE,
  client_id_prefix  text NOT NULL,
  may_publish       boolean NOT NULL,
  may_subscribe     boolean NOT NULL,
  may_retain        boolean NOT NULL
);

-- No row, no right. Filters are MQTT topic filters (MQTT 5 section 4.7).
CREATE TABLE provider.broker_topic_permissions (
  login   text NOT NULL REFERENCES provider.broker_logins ON DELETE CASCADE,
  action  text NOT NULL CHECK (action IN ('publish', 'subscribe')),
  filter  text NOT NULL,
  PRIMARY KEY (login, action, filter)
);
