namespace IoTPlatform.Pki;

/// <summary>The services that certify themselves from the platform's CAs: CN of the certificate and last segment of its SPIFFE id.</summary>
public static class ServiceNames
{
    public const string ProviderApi = "iot-bridge-api";
    public const string TenantApi = "tenant-iot-bridge-api";

    /// <summary>The provider's broker, or a tenant's.</summary>
    public const string Broker = "rabbitmq";
}
