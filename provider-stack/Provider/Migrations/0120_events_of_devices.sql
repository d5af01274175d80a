-- Events and state of devices come up, too: at a RabbitMQ the queue of telemetry needs their bindings.
UPDATE provider.tenants SET broker_due_at = now() WHERE status <> 'removing';
