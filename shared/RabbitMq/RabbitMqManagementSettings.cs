namespace IoTPlatform.RabbitMq;

/// <summary>Settings of the management API, the same at the provider's RabbitMQ and at a tenant's.</summary>
public static class RabbitMqManagementSettings
{
    public const string Url = "IOT_RABBITMQ_MANAGEMENT_URL";
    public const string User = "IOT_RABBITMQ_USER";
    public const string Password = "IOT_RABBITMQ_PASSWORD";
    public const string CaFile = "IOT_RABBITMQ_CA_FILE";

    public static IReadOnlyList<string> All { get; } = [Url, User, Password, CaFile];
}
