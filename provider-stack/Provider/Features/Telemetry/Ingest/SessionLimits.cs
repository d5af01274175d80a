namespace IoTPlatform.Provider.Features.Telemetry.Ingest;

/// <summary>What bounds the sessions at RabbitMQ.</summary>
internal static class SessionLimits
{
    /// <summary>TLS handshakes under way at once, when a thousand tenants lose their connections together.</summary>
    public const int Connecting = 8;
}
