namespace IoTPlatform.Contracts.Certificates;

/// <summary>
/// <c>GET /portal/emergencies/{kind}/{target}</c>: what one act of revocation will hit, or, once it was done, what it has hit and who may still trust it.
/// </summary>
public sealed record EmergencyView
{
    public required string Kind { get; init; }

    /// <summary>For the act: where a tenant was looked at, the serial number of its certificate.</summary>
    public required string Target { get; init; }

    /// <summary>Certificates in date that are good or on hold: those it hits. None are left afterwards.</summary>
    public required int Certificates { get; init; }

    /// <summary>Certificates in date that are revoked for good.</summary>
    public required int Revoked { get; init; }

    /// <summary>Both of the above.</summary>
    public required IReadOnlyList<EmergencyCount> Profiles { get; init; }

    /// <summary>Whose certificates these are, in order, the first hundred.</summary>
    public required IReadOnlyList<string> Subjects { get; init; }

    /// <summary>All of them.</summary>
    public required int SubjectCount { get; init; }

    /// <summary>What else follows, and what has to be done by hand, in sentences.</summary>
    public required IReadOnlyList<string> Consequences { get; init; }

    /// <summary>Who trusts the certificates for a while, when it is done now; or still does, once it was done. Who is not named does not.</summary>
    public required IReadOnlyList<RemainingTrust> StillTrusted { get; init; }

    /// <summary>When the last of them was revoked; null: none is.</summary>
    public DateTimeOffset? RevokedAt { get; init; }
}

public sealed record EmergencyCount
{
    /// <summary>Name of a profile.</summary>
    public required string Profile { get; init; }

    /// <summary>Good or on hold.</summary>
    public required int Certificates { get; init; }

    /// <summary>For good.</summary>
    public required int Revoked { get; init; }
}

public sealed record RemainingTrust
{
    /// <summary>A kind of verifier.</summary>
    public required string Who { get; init; }

    /// <summary>At the latest.</summary>
    public required DateTimeOffset Until { get; init; }
}

/// <summary><c>POST /portal/emergencies/{kind}/{target}</c>: one act, which may be repeated.</summary>
public sealed record EmergencyRequest
{
    /// <summary>CRLReason (RFC 5280 section 5.3.1): 0 to 10 without 6, 7 and 8; null: keyCompromise, or cACompromise where the certificate is a CA's.</summary>
    public int? ReasonCode { get; init; }
    public string? Reason { get; init; }

    /// <summary>The number of certificates that the preview showed; another one is refused with 409 <c>emergency_changed</c>.</summary>
    public int? Expected { get; init; }
}
