using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>The names of a certificate or request: one optional CN and the subject alternative names by kind.</summary>
public sealed record SubjectNames
{
    public string? CommonName { get; init; }

    public ImmutableArray<string> Dns { get; init; } = [];

    public ImmutableArray<IPAddress> Ip { get; init; } = [];

    public ImmutableArray<string> Uris { get; init; } = [];

    public ImmutableArray<string> Emails { get; init; } = [];

    /// <summary>All subject alternative names as text: DNS, IP, e-mail, URI.</summary>
    public IEnumerable<string> AllSans => Dns.Concat(Ip.Select(ip => ip.ToString())).Concat(Emails).Concat(Uris);

    /// <summary>Sorts plain SAN strings by step-ca's rule: an IP address, else a URI with a scheme, else an e-mail address, else DNS.</summary>
    public static SubjectNames FromSans(string? commonName, IEnumerable<string> sans) => throw new NotImplementedException();

    /// <summary>The names a certificate carries. Throws <see cref="PkiException"/> for a malformed one.</summary>
    public static SubjectNames FromCertificate(X509Certificate2 certificate) => throw new NotImplementedException();

    /// <summary>Throws <see cref="PkiError.NameNotAllowed"/> for control characters, ':' in the CN, over-long or ill-formed names.</summary>
    public void Validate() => throw new NotImplementedException();

    /// <summary>Same CN and the same sets of names, in any order; DNS and e-mail hosts compared without case.</summary>
    public bool HasSameNames(SubjectNames other) => throw new NotImplementedException();
}
