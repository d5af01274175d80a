namespace IoTPlatform.CertificateAuthority.Inventory;

/// <summary>A search over the endpoints, those with the newest certificates first. Every condition given must hold.</summary>
public sealed record EndpointQuery
{
    public const int MaxLimit = 200;

    /// <summary>One of its names in full, in whatever case.</summary>
    public string? Name { get; init; }

    public string? Provisioner { get; init; }

    public string? Profile { get; init; }

    public string? Tenant { get; init; }

    /// <summary>Whether it has a certificate that is in date and not revoked.</summary>
    public bool? Active { get; init; }

    /// <summary>Whether its newest certificate is in date, about to run out (<c>certificate.expiring</c>) and not revoked. Those that are come in another order: which began to last, first.</summary>
    public bool? Expiring { get; init; }

    /// <summary><see cref="EndpointPage.NextCursor"/> of the page before.</summary>
    public long? Cursor { get; init; }

    /// <summary>1 to <see cref="MaxLimit"/>.</summary>
    public int Limit { get; init; } = 50;
}

/// <param name="NextCursor">Null on the last page.</param>
internal sealed record EndpointPage(IReadOnlyList<Contracts.Certificates.EndpointSummary> Items, long? NextCursor);
