namespace IoTPlatform.Integration.Tests.RabbitMq;

/// <summary>Classes on the one RabbitMQ of this process, one after the other: some of them kill it.</summary>
[CollectionDefinition(Name)]
public sealed class SharedBroker
{
    public const string Name = "vHosts of one RabbitMQ";
}
