namespace IoTPlatform.Provider.Features.Commands;

/// <summary>The way down to tenants' bridges, whichever broker they connect to.</summary>
internal interface IBridgeChannel
{
    /// <summary>Tenants to which this process has a way now.</summary>
    IReadOnlyCollection<string> Tenants { get; }

    /// <summary>Publishes to the tenant's bridge. Whether it arrived is for the bridge to say; a failure is no exception.</summary>
    Task SendAsync(string tenantId, string topic, ReadOnlyMemory<byte> payload, DateTimeOffset expiresAt, CancellationToken cancellationToken);
}
