using IoTPlatform.RabbitMq;
using IoTPlatform.RabbitMq.Amqp;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>A RabbitMQ that this tenant's devices connect to.</summary>
/// <param name="TlsFolder">Where it reads its certificate; null if the platform does not manage it.</param>
/// <param name="Names">DNS names and addresses of the broker, for that certificate.</param>
/// <param name="AmqpUrl">Where the tenant reads what its devices publish: scheme amqps, host and port.</param>
/// <param name="CaFile">PEM file of the roots the broker's certificate may come from; null: the platform's own root.</param>
/// <param name="Management">Where it says which devices are connected; null if connections are not polled.</param>
internal sealed record BrokerOptions(string? TlsFolder, IReadOnlyList<string> Names, Uri AmqpUrl, string? CaFile, RabbitMqManagementOptions? Management);

/// <summary>The same names as the provider's, for the tenant's own broker.</summary>
internal static class BrokerSettings
{
    public const string Broker = "IOT_BROKER";
    public const string RabbitMq = "rabbitmq";
    public const string TlsFolder = "IOT_RABBITMQ_TLS_FOLDER";
    public const string Names = "IOT_RABBITMQ_NAMES";

    public static readonly string[] All = [Broker, AmqpSettings.Url, TlsFolder, Names, .. RabbitMqManagementSettings.All];
}
