namespace IoTPlatform.CertificateAuthority;

/// <summary>A search over the stored certificates, newest first. Every condition given must hold.</summary>
public sealed record CertificateQuery
{
    public const int MaxLimit = 500;

    /// <summary>Part of the subject or of a SAN, without case; or a serial number, decimal or hex, in full.</summary>
    public string? Text { get; init; }

    public string? Profile { get; init; }

    /// <summary>The whole CN.</summary>
    public string? Subject { get; init; }

    public string? Tenant { get; init; }

    public bool? Revoked { get; init; }

    /// <summary>notAfter before this moment.</summary>
    public DateTimeOffset? ExpiringBefore { get; init; }

    /// <summary>notAfter at or after this moment.</summary>
    public DateTimeOffset? ExpiringAfter { get; init; }

    /// <summary><see cref="CertificatePage.NextCursor"/> of the page before.</summary>
    public long? Cursor { get; init; }

    /// <summary>1 to <see cref="MaxLimit"/>.</summary>
    public int Limit { get; init; } = 50;
}
