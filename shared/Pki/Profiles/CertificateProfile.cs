using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>What one kind of certificate must and may contain. The ready ones are in <see cref="Profiles"/>.</summary>
public sealed record CertificateProfile
{
    public required string Name { get; init; }

    public bool IsCa { get; init; }

    /// <summary>pathLenConstraint (RFC 5280 4.2.1.9), for CA profiles.</summary>
    public int? PathLength { get; init; }

    public required X509KeyUsageFlags KeyUsages { get; init; }

    /// <summary>Dotted OIDs, exactly these and in this order; empty means no such extension.</summary>
    public ImmutableArray<string> ExtendedKeyUsages { get; init; } = [];

    /// <summary>Adds keyEncipherment when the subject key is RSA, as step-ca's default leaf does.</summary>
    public bool KeyEnciphermentForRsa { get; init; }

    public required TimeSpan DefaultLifetime { get; init; }

    /// <summary>Longest lifetime from the moment of issue; the backdate comes on top.</summary>
    public required TimeSpan MaxLifetime { get; init; }

    public required ImmutableArray<KeyKind> Keys { get; init; }

    public SanKinds AllowedNames { get; init; }

    public SanKinds RequiredNames { get; init; }

    public bool RequiresCommonName { get; init; }

    /// <summary>Further demands on the names: null, or what is wrong.</summary>
    internal Func<SubjectNames, string?>? NameRule { get; init; }

    /// <summary>The issuer's pathLenConstraint must be at least this; keeps what only the intermediate may sign off a tenant's Sub-CA.</summary>
    internal int MinIssuerPathLength { get; init; }

    /// <summary>Critical name constraints must be there; without this they must not.</summary>
    public bool RequiresNameConstraints { get; init; }

    /// <summary>How far notBefore lies before the moment of issue, for clocks that are late.</summary>
    public static TimeSpan Backdate { get; } = TimeSpan.FromMinutes(1);

    public bool Allows(KeyKind key) => Keys.Contains(key);

    /// <summary>The key usages for this subject key.</summary>
    public X509KeyUsageFlags KeyUsagesFor(KeyKind key) =>
        KeyEnciphermentForRsa && key == KeyKind.Rsa2048OrMore ? KeyUsages | X509KeyUsageFlags.KeyEncipherment : KeyUsages;
}
