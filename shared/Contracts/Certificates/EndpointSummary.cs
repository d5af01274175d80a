namespace IoTPlatform.Contracts.Certificates;

/// <summary>Whoever has a certificate, one after the other: renewals are of one endpoint, and of a provisioner that renews nothing, certificates of the same names.</summary>
public sealed record EndpointSummary
{
    public required long Id { get; init; }

    /// <summary>Common name of its first certificate.</summary>
    public required string Subject { get; init; }

    /// <summary>Lower case, with the subject.</summary>
    public required IReadOnlyList<string> Names { get; init; }
    public required string Profile { get; init; }
    public required string Provisioner { get; init; }
    public string? Tenant { get; init; }
    public required DateTimeOffset FirstIssuedAt { get; init; }

    /// <summary>Certificates that are on record; those that ended long ago are not.</summary>
    public required int Certificates { get; init; }

    /// <summary>In date and not revoked.</summary>
    public required int Active { get; init; }

    /// <summary>Decimal, of the newest certificate.</summary>
    public required string LatestSerial { get; init; }

    /// <summary>When that one ends.</summary>
    public required DateTimeOffset LatestNotAfter { get; init; }

    /// <summary>That one is in date and not revoked, and about to run out.</summary>
    public bool Expiring { get; init; }
}
