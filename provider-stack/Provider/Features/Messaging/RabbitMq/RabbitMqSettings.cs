using IoTPlatform.RabbitMq;


namespace IoTPlatform.Provider.Features.Messaging.RabbitMq;

/// <summary>Settings of the choice of broker, and of RabbitMQ.</summary>
internal static class RabbitMqSettings
{
    public const string Broker = "IOT_BROKER";
    public const string AmqpUrl = "IOT_RABBITMQ_AMQP_URL";
    public const string TlsFolder = "IOT_RABBITMQ_TLS_FOLDER";
    public const string Names = "IOT_RABBITMQ_NAMES";

    public static readonly string[] All = [Broker, AmqpUrl, TlsFolder, Names, .. RabbitMqManagementSettings.All];
}
