namespace IoTPlatform.CertificateAuthority;

/// <summary>A revocation, for the feature that owns the profile. The caller is allowed to revoke.</summary>
public sealed record OwnedRevocation
{
    public required CertificateRecord Record { get; init; }

    public required Revocation Revocation { get; init; }

    /// <summary>What the caller typed to show that it is meant; null: nothing.</summary>
    public string? Confirmation { get; init; }
}
