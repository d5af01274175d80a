using IoTPlatform.RabbitMq;


namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>The same names as the provider's, for the tenant's own broker.</summary>
internal static class BrokerSettings
{
    public const string Broker = "IOT_BROKER";
    public const string RabbitMq = "rabbitmq";
    public const string TlsFolder = "IOT_RABBITMQ_TLS_FOLDER";
    public const string Names = "IOT_RABBITMQ_NAMES";

    public static readonly string[] All = [Broker, TlsFolder, Names, .. RabbitMqManagementSettings.All];
}
