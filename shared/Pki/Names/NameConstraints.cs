using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>
/// Name constraints (RFC 5280 4.2.1.10) over DNS, IP, e-mail and URI names. An empty permitted list leaves that kind free.
/// A URI constraint is a host: exact, or with a leading dot any host below. An e-mail constraint is a mailbox, a host, or with a leading dot any host below.
/// </summary>
public sealed record NameConstraints
{
    public ImmutableArray<string> PermittedDns { get; init; } = [];

    public ImmutableArray<string> ExcludedDns { get; init; } = [];

    public ImmutableArray<IPNetwork> PermittedIp { get; init; } = [];

    public ImmutableArray<IPNetwork> ExcludedIp { get; init; } = [];

    public ImmutableArray<string> PermittedEmail { get; init; } = [];

    public ImmutableArray<string> ExcludedEmail { get; init; } = [];

    public ImmutableArray<string> PermittedUriDomains { get; init; } = [];

    public ImmutableArray<string> ExcludedUriDomains { get; init; } = [];

    public bool IsEmpty =>
        PermittedDns.IsEmpty && ExcludedDns.IsEmpty && PermittedIp.IsEmpty && ExcludedIp.IsEmpty
        && PermittedEmail.IsEmpty && ExcludedEmail.IsEmpty && PermittedUriDomains.IsEmpty && ExcludedUriDomains.IsEmpty;

    /// <summary>The extension's value (without the Extension wrapper), DER. Throws when there is nothing in it or an entry is ill-formed.</summary>
    public byte[] Encode() => NameConstraintsWriter.Encode(this);

    /// <summary>Reads the extension's value; throws for a subtree kind this code can't decide, as a critical one must not be passed over.</summary>
    public static NameConstraints Parse(ReadOnlyMemory<byte> extensionValue) => NameConstraintsReader.Parse(extensionValue.Span);

    /// <summary>The constraints of a CA certificate, null when it has none.</summary>
    public static NameConstraints? FromCertificate(X509Certificate2 certificate) => ParsedCertificate.Parse(certificate.RawDataMemory).NameConstraints;

    /// <summary>
    /// Of a hostile tenant's Sub-CA: URIs only of its own trust domain, none of the provider's names, addresses and what a wildcard would match,
    /// DNS names only below its own domains where it has declared some. Loopback names among the provider's identify no host and are passed over.
    /// </summary>
    /// <param name="trustDomain">From <see cref="SpiffeId.TrustDomain"/>.</param>
    /// <param name="providerNames">DNS names and IP addresses.</param>
    /// <param name="tenantDomains">DNS names, possibly none. With some, every DNS name below this Sub-CA must be in one of them, device ids included; only localhost is let through.</param>
    public static NameConstraints ForTenant(string trustDomain, IEnumerable<string> providerNames, IEnumerable<string> tenantDomains) =>
        TenantConstraints.Create(trustDomain, providerNames, tenantDomains);

    /// <summary>
    /// False with the offending name when one is excluded or not permitted. A CN without any DNS name beside it is judged as one, because
    /// old verifiers take it for one.
    /// </summary>
    public bool Permits(SubjectNames names, [NotNullWhen(false)] out string? violation)
    {
        violation = NameConstraintsRules.FindViolation(this, names);
        return violation is null;
    }
}
