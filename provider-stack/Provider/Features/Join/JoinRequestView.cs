using IoTPlatform.Pki;
using IoTPlatform.Provider.Data;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>A request to join, as an administrator reads it before deciding.</summary>
public sealed record JoinRequestView
{
    public required string TenantId { get; init; }

    /// <summary>The common name that the Sub-CA's CSR asks for; null: it leaves the name to the provider.</summary>
    public string? AskedName { get; init; }

    /// <summary>Of the Sub-CA: algorithm and size.</summary>
    public required string Key { get; init; }

    /// <summary>Hex SHA-256 of the Sub-CA key's SubjectPublicKeyInfo.</summary>
    public required string KeySha256 { get; init; }

    /// <summary>The same of the bridge's key.</summary>
    public required string BridgeKeySha256 { get; init; }
    public required DateTimeOffset AskedAt { get; init; }

    /// <summary>The caller's address.</summary>
    public string? AskedFrom { get; init; }
    public string? KeycloakUrl { get; init; }
    public string? PortalUrl { get; init; }

    internal static JoinRequestView Of(JoinRow join)
    {
        var csr = CertificateSigningRequest.FromStore(join.SubCaCsr);
        return new JoinRequestView
        {
            TenantId = join.TenantId,
            AskedName = csr.Names.CommonName is { Length: > 0 } name ? name : null,
            Key = csr.Key == KeyKind.P256 ? "ECDSA, P-256 (256 bit)" : csr.Key.ToString(),
            KeySha256 = Convert.ToHexStringLower(join.SubCaKeySha256),
            BridgeKeySha256 = Convert.ToHexStringLower(join.BridgeKeySha256),
            AskedAt = join.CreatedAt,
            AskedFrom = join.AskedFrom,
            KeycloakUrl = join.KeycloakUrl,
            PortalUrl = join.PortalUrl,
        };
    }
}
