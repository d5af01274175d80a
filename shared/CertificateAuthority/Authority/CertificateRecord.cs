using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A stored certificate.</summary>
public sealed record CertificateRecord
{
    /// <summary>Order of issue.</summary>
    public required long Id { get; init; }

    public required byte[] SerialNumber { get; init; }

    /// <summary>CN.</summary>
    public required string Subject { get; init; }

    public required IReadOnlyList<string> Sans { get; init; }

    /// <summary>CN of the issuer.</summary>
    public required string Issuer { get; init; }

    public required string Profile { get; init; }

    public required string Provisioner { get; init; }

    public required string Requester { get; init; }

    public string? Tenant { get; init; }

    /// <summary>As in <see cref="IssueRequest.Lineage"/>.</summary>
    public string? Lineage { get; init; }

    /// <summary>Another authority issued it, or what it renews (<c>ca.import</c>): whose it is was not judged here.</summary>
    public bool IsImported => Lineage?.StartsWith("import:", StringComparison.Ordinal) == true;

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    public required byte[] Der { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    public RevocationReason? ReasonCode { get; init; }

    public string? Reason { get; init; }

    /// <summary>Decimal.</summary>
    public string Serial => Pki.SerialNumber.ToDecimal(SerialNumber);

    public bool IsRevoked => RevokedAt is not null;

    /// <summary>It may be good again.</summary>
    public bool IsOnHold => ReasonCode == RevocationReason.CertificateHold;
}

/// <summary>A search over the stored certificates, newest first unless <see cref="CertificateQuery.Order"/> says otherwise. Every condition given must hold.</summary>
public sealed record CertificateQuery
{
    public const int MaxLimit = 500;

    /// <summary>Certificates looked through for a page of <see cref="Text"/> alone, which no index finds: the page may be short or empty and have a cursor all the same.</summary>
    public const int LookedThrough = 25_000;

    /// <summary>Part of the subject or of a SAN, without case; or a serial number, decimal or hex, in full, which finds that certificate alone.</summary>
    public string? Text { get; init; }

    public string? Profile { get; init; }

    /// <summary>The whole CN.</summary>
    public string? Subject { get; init; }

    public string? Tenant { get; init; }

    /// <summary>The subject or a SAN in full, in whatever case.</summary>
    public string? Name { get; init; }

    /// <summary>CN of the issuer.</summary>
    public string? Issuer { get; init; }

    public string? Provisioner { get; init; }

    /// <summary>Id of the endpoint whose it is.</summary>
    public long? Endpoint { get; init; }

    /// <summary>As it is now.</summary>
    public CertificateState? State { get; init; }

    public bool? Revoked { get; init; }

    /// <summary>With <see cref="Revoked"/>: whether it may be good again.</summary>
    public bool? OnHold { get; init; }

    /// <summary>notAfter before this moment.</summary>
    public DateTimeOffset? ExpiringBefore { get; init; }

    /// <summary>notAfter at or after this moment.</summary>
    public DateTimeOffset? ExpiringAfter { get; init; }

    public CertificateOrder Order { get; init; }

    /// <summary><see cref="CertificatePage.NextCursor"/> of the page before, in the same <see cref="Order"/>.</summary>
    public long? Cursor { get; init; }

    /// <summary>1 to <see cref="MaxLimit"/>.</summary>
    public int Limit { get; init; } = 50;
}

/// <summary>Which come first. By their end, those that end in some time are found by an index; the newest that do may be behind millions that do not.</summary>
public enum CertificateOrder
{
    Newest,
    SoonestEnd,
    LatestEnd,
}

/// <summary>What a certificate is now; one that has ended and was revoked is revoked.</summary>
public enum CertificateState
{
    Valid,
    Expired,
    Revoked,
    OnHold,
}

/// <param name="NextCursor">Null on the last page.</param>
public sealed record CertificatePage(IReadOnlyList<CertificateRecord> Items, long? NextCursor);
