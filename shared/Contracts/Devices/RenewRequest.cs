namespace IoTPlatform.Contracts.Devices;

/// <summary><c>POST /devices/{device_id}/renew</c>, mTLS with the current certificate.</summary>
public sealed record RenewRequest
{
    /// <summary>PKCS#10 for a new key, PEM; null keeps the key.</summary>
    public string? Csr { get; init; }
}
