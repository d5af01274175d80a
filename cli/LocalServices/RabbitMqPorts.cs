namespace IoTPlatform.LocalServices;

public sealed record RabbitMqPorts(int Epmd, int Distribution, int Amqp, int Mqtt, int Management, int Prometheus);
