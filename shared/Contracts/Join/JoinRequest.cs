namespace IoTPlatform.Contracts.Join;

/// <summary><c>POST /portal/admin/join</c> (header <c>X-Join-Key</c>) and <c>POST /portal/admin/join-request/{tenant_id}</c>. CSRs are PEM PKCS#10 (RFC 2986).</summary>
public sealed record JoinRequest
{
    public required string SubCaCsr { get; init; }
    public required string MqttBridgeCsr { get; init; }

    /// <summary>Base64 of the tenant's 32-byte Curve25519 public key.</summary>
    public string? WgPubkey { get; init; }
    public string? KeycloakUrl { get; init; }
}
