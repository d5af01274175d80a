namespace IoTPlatform.Contracts.Devices;

/// <summary><c>POST /devices/{device_id}/enroll</c>, authorised by an enrolment token as bearer or by a manufacturer certificate over mTLS.</summary>
public sealed record EnrollRequest
{
    /// <summary>PKCS#10 (RFC 2986), PEM.</summary>
    public required string Csr { get; init; }
    public string? DeviceName { get; init; }
    public string? DeviceType { get; init; }

    /// <summary>Base64 of the device's 32-byte Curve25519 public key; null: no WireGuard peer.</summary>
    public string? WgPublicKey { get; init; }
}

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

/// <summary><c>POST /devices/{device_id}/renew</c>, mTLS with the current certificate.</summary>
public sealed record RenewRequest
{
    /// <summary>PKCS#10 for a new key, PEM; null keeps the key.</summary>
    public string? Csr { get; init; }
}

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
