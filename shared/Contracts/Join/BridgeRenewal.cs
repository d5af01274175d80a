namespace IoTPlatform.Contracts.Join;

/// <summary><c>POST /portal/admin/tenants/{tenant_id}/bridge/renew</c>, mTLS with the current bridge certificate.</summary>
public sealed record RenewBridgeRequest
{
    public required string MqttBridgeCsr { get; init; }
}

/// <summary><c>POST /portal/admin/tenants/{tenant_id}/bridge/reissue</c>: for a bridge certificate that has expired and cannot renew itself any more.</summary>
public sealed record ReissueBridgeRequest
{
    /// <summary>PKCS#10 of the bridge key, PEM; the same key as before.</summary>
    public required string MqttBridgeCsr { get; init; }

    /// <summary>A proof JWT made with a valid Sub-CA key; claim <c>spki</c> = base64url SHA-256 of the bridge's SubjectPublicKeyInfo.</summary>
    public required string Proof { get; init; }
}

public sealed record RenewedBridge
{
    public required string MqttBridgeCert { get; init; }
    public required string CaChain { get; init; }
}
