namespace IoTPlatform.Contracts.Devices;

public sealed record WireGuardConfiguration
{
    /// <summary>The device's address with prefix length, for example <c>10.64.0.7/32</c>.</summary>
    public required string Address { get; init; }
    public required string ServerPublicKey { get; init; }

    /// <summary><c>host:port</c>.</summary>
    public required string Endpoint { get; init; }
    public required string AllowedIps { get; init; }

    /// <summary>A complete wg-quick file with a placeholder for the private key, which the tenant never sees.</summary>
    public required string Configuration { get; init; }
}
