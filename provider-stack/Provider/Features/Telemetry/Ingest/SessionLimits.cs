namespace IoTPlatform.Provider.Features.Telemetry.Ingest;

/// <summary>What bounds the sessions at RabbitMQ.</summary>
internal static class SessionLimits
{
    /// <summary>For the broker's confirmation of a dead letter.</summary>
    public static readonly TimeSpan ConfirmTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Before a session that ended is followed by the next one.</summary>
    public static readonly TimeSpan AfterLoss = TimeSpan.FromSeconds(1);

    /// <summary>TLS handshakes under way at once, when a thousand tenants lose their connections together.</summary>
    public const int Connecting = 8;
}
