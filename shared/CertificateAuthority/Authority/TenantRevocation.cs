using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// Revokes those certificates of a tenant that have not expired and meet every condition given, in one operation that no issue or renewal overlaps.
/// Without a profile their lineages end with them: nothing is issued or renewed in those any more.
/// </summary>
public sealed record TenantRevocation
{
    public required string Tenant { get; init; }

    /// <summary>Of this lineage alone.</summary>
    public string? Lineage { get; init; }

    /// <summary>Of every lineage but this one.</summary>
    public string? ExceptLineage { get; init; }

    public CertificateProfile? Profile { get; init; }

    /// <summary>But those with this key, SHA-256 of its SubjectPublicKeyInfo.</summary>
    public byte[]? ExceptKey { get; init; }

    /// <summary>End, too, though nothing may have been issued in them yet.</summary>
    public IReadOnlyList<string> EndedLineages { get; init; } = [];

    public required RevocationReason ReasonCode { get; init; }

    public string? Reason { get; init; }

    /// <summary>Who revokes, for the audit log.</summary>
    public required string By { get; init; }
}
