namespace IoTPlatform.LocalServices;

/// <summary>Where a private RabbitMQ listens, all on loopback.</summary>
public sealed record RabbitMqPorts(int Epmd, int Distribution, int Amqp, int Mqtt, int Management, int Prometheus)
{
    public static RabbitMqPorts Free() => new(FreePort.Next(), FreePort.Next(), FreePort.Next(), FreePort.Next(), FreePort.Next(), FreePort.Next());
}
