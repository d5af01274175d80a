using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>
/// Name constraints (RFC 5280 4.2.1.10) over DNS, IP, e-mail and URI names. An empty permitted list leaves that kind free.
/// A URI constraint is a host: exact, or with a leading dot any host below.
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

    /// <summary>The extension's value (without the Extension wrapper), DER.</summary>
    public byte[] Encode() => throw new NotImplementedException();

    /// <summary>Reads the extension's value; throws for a subtree kind this code can't decide, as a critical one must not be passed over.</summary>
    public static NameConstraints Parse(ReadOnlyMemory<byte> extensionValue) => throw new NotImplementedException();

    /// <summary>The constraints of a CA certificate, null when it has none.</summary>
    public static NameConstraints? FromCertificate(X509Certificate2 certificate) => throw new NotImplementedException();

    /// <summary>False with the offending name when one is excluded or not permitted. A CN without any DNS name is judged as one where it could pass for one.</summary>
    public bool Permits(SubjectNames names, [NotNullWhen(false)] out string? violation) => throw new NotImplementedException();
}
