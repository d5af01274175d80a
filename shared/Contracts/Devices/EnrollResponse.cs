namespace IoTPlatform.Contracts.Devices;

/// <summary>The answer to enrol and to renew.</summary>
public sealed record EnrollResponse
{
    public required string DeviceId { get; init; }

    /// <summary>The device certificate, PEM.</summary>
    public required string Certificate { get; init; }

    /// <summary>Sub-CA, Intermediate, Root, PEM, in issuing order.</summary>
    public required string CaChain { get; init; }
    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>When the device should renew: after 2/3 of the lifetime; the device adds jitter.</summary>
    public required DateTimeOffset RenewAfter { get; init; }
    public WireGuardConfiguration? Wireguard { get; init; }
}
