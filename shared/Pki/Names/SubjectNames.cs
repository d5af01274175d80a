using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>The names of a certificate or request: one optional CN and the subject alternative names by kind.</summary>
public sealed record SubjectNames
{
    /// <summary>Most subject alternative names one certificate may carry.</summary>
    public const int MaxNames = 128;

    private const string SubjectAltName = "2.5.29.17";

    public string? CommonName { get; init; }

    public ImmutableArray<string> Dns { get; init; } = [];

    public ImmutableArray<IPAddress> Ip { get; init; } = [];

    public ImmutableArray<string> Uris { get; init; } = [];

    public ImmutableArray<string> Emails { get; init; } = [];

    /// <summary>Of devices, for as long as they exist (RFC 4043): without an assigner. A request's are passed over.</summary>
    public ImmutableArray<string> PermanentIdentifiers { get; init; } = [];

    public int SanCount => Dns.Length + Ip.Length + Uris.Length + Emails.Length + PermanentIdentifiers.Length;

    /// <summary>Which kinds of subject alternative name there are.</summary>
    public SanKinds SanKinds =>
        (Dns.IsEmpty ? SanKinds.None : SanKinds.Dns)
        | (Ip.IsEmpty ? SanKinds.None : SanKinds.Ip)
        | (Uris.IsEmpty ? SanKinds.None : SanKinds.Uri)
        | (Emails.IsEmpty ? SanKinds.None : SanKinds.Email)
        | (PermanentIdentifiers.IsEmpty ? SanKinds.None : SanKinds.PermanentIdentifier);

    /// <summary>All subject alternative names as text: DNS, IP, e-mail, URI, permanent identifiers.</summary>
    public IEnumerable<string> AllSans => Dns.Concat(Ip.Select(ip => ip.ToString())).Concat(Emails).Concat(Uris).Concat(PermanentIdentifiers);

    /// <summary>
    /// Sorts plain SAN strings by step-ca's rule: an IP address, else a URI with a scheme (RFC 3986 3.1), else an e-mail address, else DNS; doubles are dropped.
    /// Throws <see cref="PkiError.NameNotAllowed"/> as <see cref="Validate"/> does.
    /// </summary>
    public static SubjectNames FromSans(string? commonName, IEnumerable<string> sans)
    {
        var dns = ImmutableArray.CreateBuilder<string>();
        var ip = ImmutableArray.CreateBuilder<IPAddress>();
        var uris = ImmutableArray.CreateBuilder<string>();
        var emails = ImmutableArray.CreateBuilder<string>();
        foreach (var san in sans.Distinct(StringComparer.Ordinal))
        {
            if (NameSyntax.TryParseIp(san, out var address))
            {
                ip.Add(address);
            }
            else if (UriSyntax.HasScheme(san))
            {
                uris.Add(san);
            }
            else if (san.Contains('@'))
            {
                emails.Add(san);
            }
            else
            {
                dns.Add(san);
            }
        }

        var names = new SubjectNames
        {
            CommonName = string.IsNullOrEmpty(commonName) ? null : commonName,
            Dns = dns.ToImmutable(),
            Ip = ip.ToImmutable(),
            Uris = uris.ToImmutable(),
            Emails = emails.ToImmutable(),
        };
        names.Validate();
        return names;
    }

    /// <summary>The names a certificate carries, unchecked. Throws <see cref="PkiException"/> for a malformed one.</summary>
    public static SubjectNames FromCertificate(X509Certificate2 certificate) => ParsedCertificate.Parse(certificate.RawDataMemory).Names;

    /// <summary>Of a certificate that others issued: kinds that are not certified here are passed over. Unchecked.</summary>
    public static SubjectNames FromForeign(X509Certificate2 certificate) =>
        certificate.Extensions.FirstOrDefault(extension => extension.Oid?.Value == SubjectAltName) is { } extension ? FromValue(extension.RawData, out _) : new SubjectNames();

    /// <summary>Of the DER value of a subjectAltName. Throws <see cref="PkiError.NameNotAllowed"/> for kinds that are not certified here.</summary>
    public static SubjectNames FromExtension(ReadOnlySpan<byte> value)
    {
        var names = FromValue(value, out var hasOtherKinds);
        return hasOtherKinds ? throw new PkiException(PkiError.NameNotAllowed, "There is an alternative name that is no DNS, IP, e-mail or URI name.") : names;
    }

    private static SubjectNames FromValue(ReadOnlySpan<byte> value, out bool hasOtherKinds)
    {
        try
        {
            return GeneralNames.Read(value, commonName: null, out hasOtherKinds, tolerant: true);
        }
        catch (AsnContentException e)
        {
            throw new PkiException(PkiError.Malformed, "The alternative names are malformed.", e);
        }
    }

    /// <summary>Throws <see cref="PkiError.NameNotAllowed"/> for control characters, ':' in the CN, over-long or ill-formed names.</summary>
    public void Validate()
    {
        if (FindViolation() is { } violation)
        {
            throw new PkiException(PkiError.NameNotAllowed, violation);
        }
    }

    /// <summary>Same CN and the same sets of names, in any order; DNS names compared without case.</summary>
    public bool HasSameNames(SubjectNames other) =>
        string.Equals(CommonName, other.CommonName, StringComparison.Ordinal)
        && SameSet(Dns, other.Dns, StringComparer.OrdinalIgnoreCase)
        && SameSet(Ip, other.Ip, EqualityComparer<IPAddress>.Default)
        && SameSet(Uris, other.Uris, StringComparer.Ordinal)
        && SameSet(Emails, other.Emails, StringComparer.Ordinal)
        && SameSet(PermanentIdentifiers, other.PermanentIdentifiers, StringComparer.Ordinal);

    /// <summary>The first thing wrong with the names. Never repeats a name: it may hold control characters.</summary>
    internal string? FindViolation()
    {
        if (CommonName is not null && !NameSyntax.IsCommonName(CommonName))
        {
            return $"The common name must have 1 to {NameSyntax.MaxCommonName} characters, no ':' (so no IPv6 address) and no control characters.";
        }

        if (SanCount > MaxNames)
        {
            return $"There are more than {MaxNames} subject alternative names.";
        }

        foreach (var name in Dns)
        {
            if (!NameSyntax.IsDnsAltName(name))
            {
                return "A DNS name is not well-formed: labels of letters, digits, '-' and '_', without a dot at the end.";
            }
        }

        foreach (var uri in Uris)
        {
            if (!UriSyntax.IsWellFormed(uri))
            {
                return "A URI is not well-formed (RFC 3986), is 'host:port', or has a user before its host, or no host after '//'.";
            }
        }

        foreach (var email in Emails)
        {
            if (!NameSyntax.IsEmail(email))
            {
                return "An e-mail address is not well-formed.";
            }
        }

        foreach (var identifier in PermanentIdentifiers)
        {
            if (identifier.Length is 0 or > NameSyntax.MaxPermanentIdentifier || identifier.Any(char.IsControl))
            {
                return $"A permanent identifier must have 1 to {NameSyntax.MaxPermanentIdentifier} characters and no control characters.";
            }
        }

        foreach (var address in Ip)
        {
            if (address.IsIPv4MappedToIPv6)
            {
                return "An IPv4 address is written as IPv6.";
            }
        }

        return null;
    }

    private static bool SameSet<T>(ImmutableArray<T> one, ImmutableArray<T> other, IEqualityComparer<T> comparer) =>
        (one.IsEmpty && other.IsEmpty) || one.ToHashSet(comparer).SetEquals(other);
}
