-- Up to when everything that was received from the queue of the tenant's RabbitMQ is acknowledged there, as its reader says: what was received later may be given out again.
CREATE TABLE tenant.device_queue (
  only_row        boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
  acknowledged_to timestamptz NOT NULL,
  reader          uuid
);

INSERT INTO tenant.device_queue (acknowledged_to) VALUES (now());
