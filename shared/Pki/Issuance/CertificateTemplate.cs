namespace IoTPlatform.Pki;

/// <summary>Everything about a certificate to be issued except serial number, issuer and signature.</summary>
public sealed record CertificateTemplate
{
    public required CertificateProfile Profile { get; init; }

    public required ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; init; }

    public required KeyKind Key { get; init; }

    public required SubjectNames Names { get; init; }

    /// <summary>UTC, whole seconds: fractions are cut off.</summary>
    public required DateTimeOffset NotBefore { get; init => field = WholeSeconds(value); }

    /// <summary>UTC, whole seconds: fractions are cut off.</summary>
    public required DateTimeOffset NotAfter { get; init => field = WholeSeconds(value); }

    public NameConstraints? NameConstraints { get; init; }

    public Uri? CrlDistributionPoint { get; init; }

    public Uri? OcspUrl { get; init; }

    public Uri? CaIssuersUrl { get; init; }

    public StepProvisionerExtension? StepProvisioner { get; init; }

    private static DateTimeOffset WholeSeconds(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
}
