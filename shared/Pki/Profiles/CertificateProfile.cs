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

    /// <summary>None: no such extension.</summary>
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

    /// <summary>Answers OCSP requests in its issuer's name: id-pkix-ocsp-nocheck (RFC 6960 4.2.2.2.1) instead of addresses where it could be looked up.</summary>
    public bool IsOcspResponder { get; init; }

    /// <summary>Dotted OIDs of extensions that <see cref="CertificateContents"/> may add.</summary>
    public ImmutableArray<string> FurtherExtensions { get; init; } = [];

    /// <summary>The subject may have more than a common name.</summary>
    public bool AllowsSubjectAttributes { get; init; }

    /// <summary>How far notBefore lies before the moment of issue, for clocks that are late.</summary>
    public static TimeSpan Backdate { get; } = TimeSpan.FromMinutes(1);

    public bool Allows(KeyKind key) => Keys.Contains(key);

    /// <summary>The key usages for this subject key.</summary>
    public X509KeyUsageFlags KeyUsagesFor(KeyKind key) =>
        KeyEnciphermentForRsa && key == KeyKind.Rsa2048OrMore ? KeyUsages | X509KeyUsageFlags.KeyEncipherment : KeyUsages;
}

/// <summary>Kinds of subject alternative name (RFC 5280 4.2.1.6) a profile deals with.</summary>
[Flags]
public enum SanKinds
{
    None = 0,
    Dns = 1,
    Ip = 2,
    Uri = 4,
    Email = 8,

    /// <summary>RFC 4043.</summary>
    PermanentIdentifier = 16,
}

/// <summary>What a profile asks of names beyond their form. Messages repeat no name: a name may be hostile.</summary>
internal static class NameRules
{
    /// <summary>The first rule of the profile that the names break.</summary>
    public static string? FindViolation(CertificateProfile profile, SubjectNames names)
    {
        if (profile.RequiresCommonName && names.CommonName is null)
        {
            return "A common name is required.";
        }

        if (names.CommonName is null && names.SanCount == 0)
        {
            return "There is no name at all.";
        }

        if ((names.SanKinds & ~profile.AllowedNames) is not SanKinds.None and var extra)
        {
            return $"Names of this kind are not allowed: {extra}.";
        }

        if ((profile.RequiredNames & ~names.SanKinds) is not SanKinds.None and var missing)
        {
            return $"Names of this kind are required: {missing}.";
        }

        if (!profile.ExtendedKeyUsages.Contains(Oids.ServerAuth) && (names.Dns.Any(IsWildcard) || (names.CommonName is { } cn && IsWildcard(cn))))
        {
            return "Only a server certificate may carry a wildcard.";
        }

        return profile.NameRule?.Invoke(names);
    }

    /// <summary>CN = the only DNS name = device id = end of the only URI, a SPIFFE id.</summary>
    public static string? Device(SubjectNames names) =>
        names.Dns.Length == 1 && string.Equals(names.Dns[0], names.CommonName, StringComparison.Ordinal)
        && names.Uris.Length == 1 && SpiffeId.TryParse(names.Uris[0], out _, out var path)
        && path.AsSpan().StartsWith("/device/") && path.AsSpan("/device/".Length).SequenceEqual(names.CommonName)
            ? null
            : "A device certificate has its id as common name, as only DNS name and at the end of its only URI spiffe://…/device/{id}.";

    /// <summary>The CN and the only URI speak of the same tenant.</summary>
    public static string? Bridge(SubjectNames names) =>
        names.Uris.Length == 1 && SpiffeId.TryParse(names.Uris[0], out var domain, out var path) && path is "/mqtt-bridge"
        && string.Equals(names.CommonName, MqttBridgeName.For(domain.Split('.')[0]), StringComparison.Ordinal)
            ? null
            : "A bridge certificate has the common name {tenant}-mqtt-bridge and the one URI spiffe://{tenant}.{platform domain}/mqtt-bridge.";

    /// <summary>Verifiers look for the host among the alternative names only (RFC 9525 6.3).</summary>
    public static string? Service(SubjectNames names) =>
        names.Dns.IsEmpty && names.Ip.IsEmpty ? "A service certificate needs a DNS name or an IP address." : null;

    private static bool IsWildcard(string name) => name.Contains('*');
}
