using System.Collections.Immutable;

namespace IoTPlatform.Pki;

/// <summary>An extension as it is written.</summary>
/// <param name="Oid">Dotted.</param>
/// <param name="IsCritical">Who does not know it must refuse the certificate.</param>
/// <param name="Value">DER.</param>
public sealed record CertificateExtension(string Oid, bool IsCritical, ReadOnlyMemory<byte> Value);

/// <summary>What a certificate says beside its names and what its profile has.</summary>
public sealed record CertificateContents
{
    /// <summary>DER Name, see <see cref="SubjectAttributes.Encode"/>; its common name is that of the names. Null: the common name alone.</summary>
    public ReadOnlyMemory<byte>? Subject { get; init; }

    /// <summary>Of kinds that the platform itself does not write, and that the profile allows.</summary>
    public ImmutableArray<CertificateExtension> Extensions { get; init; } = [];

    /// <summary>After the authority's own.</summary>
    public ImmutableArray<string> OcspServers { get; init; } = [];

    /// <summary>Addresses of the issuer's certificate, after the authority's own.</summary>
    public ImmutableArray<string> IssuerCertificates { get; init; } = [];

    /// <summary>CRL distribution points, after the authority's own.</summary>
    public ImmutableArray<string> RevocationLists { get; init; } = [];

    /// <summary>What of a certificate issued here has to be said again in the one that renews it.</summary>
    public static CertificateContents Of(ParsedCertificate certificate)
    {
        var own = OwnAddress(certificate);
        var issuer = certificate.AuthorityKeyIdentifier is { } identifier ? identifier : default;
        return new CertificateContents
        {
            Subject = certificate.HasOtherSubjectAttributes ? certificate.Subject : default(ReadOnlyMemory<byte>?),
            Extensions = [.. certificate.Extensions.Where(IsFurther).Select(extension => new CertificateExtension(extension.DottedOid, extension.IsCritical, extension.Value))],
            OcspServers = Without(certificate.OcspServers, own?.Ocsp),
            IssuerCertificates = Without(certificate.IssuerCertificates, own?.IssuerCertificate(issuer.Span)),
            RevocationLists = Without(certificate.RevocationLists, own?.RevocationList(issuer.Span, RevocationListShard.Of(certificate.SerialNumber.Span))),
        };
    }

    internal static bool IsFurther(ParsedExtension extension) => extension.Kind is ExtensionKind.Unknown or ExtensionKind.BasicConstraints;

    /// <summary>The authority's address at the time, by its own list among those of the certificate.</summary>
    private static ValidationAddress? OwnAddress(ParsedCertificate certificate)
    {
        if (certificate.AuthorityKeyIdentifier is not { } issuer || certificate.RevocationLists.IsEmpty)
        {
            return null;
        }

        var list = certificate.RevocationLists[0];
        var end = new ValidationAddress(new Uri("http://own/")).RevocationList(issuer.Span, RevocationListShard.Of(certificate.SerialNumber.Span)).AbsolutePath[1..];
        return list.EndsWith("/" + end, StringComparison.Ordinal) && Uri.TryCreate(list[..^end.Length], UriKind.Absolute, out var address) ? new ValidationAddress(address) : null;
    }

    private static ImmutableArray<string> Without(ImmutableArray<string> addresses, Uri? own) => own is null ? addresses : addresses.Remove(own.AbsoluteUri);
}

/// <summary>What contents may never say.</summary>
internal static class ContentsRules
{
    private const int MostExtensions = 16;
    private const int MostAddresses = 8;
    private const int LongestAddress = 512;

    /// <summary>
    /// Of CA certificates alone: policy mappings, policy constraints, inhibitAnyPolicy (RFC 5280 4.2.1.5, 4.2.1.11, 4.2.1.14); the issuer's names; and
    /// Netscape's certificate type, which makes a certificate without key usages and basic constraints a CA for verifiers that still read it.
    /// </summary>
    private static readonly string[] Never = ["2.5.29.33", "2.5.29.36", "2.5.29.54", "2.5.29.18", "2.16.840.1.113730.1.1"];

    public static void Check(CertificateContents contents, CertificateProfile profile, SubjectNames names)
    {
        if (contents.Subject is { } subject)
        {
            var attributes = SubjectAttributes.Read(subject.Span).Where(attribute => attribute.Oid == SubjectAttributes.CommonName).Select(attribute => attribute.Value).ToList();
            Require(attributes.Count <= 1 && string.Equals(attributes.FirstOrDefault(), names.CommonName, StringComparison.Ordinal), "The subject has another common name than the names.");
        }

        Require(contents.Extensions.Length <= MostExtensions, $"There are more than {MostExtensions} further extensions.");
        Require(contents.Extensions.DistinctBy(extension => extension.Oid).Count() == contents.Extensions.Length, "An extension is there twice.");
        foreach (var extension in contents.Extensions)
        {
            var kind = ExtensionKinds.Find(Asn1.DottedOid.Encode(extension.Oid));
            Require(profile.FurtherExtensions.Contains(extension.Oid) && !Never.Contains(extension.Oid), $"The profile '{profile.Name}' has no extension {extension.Oid}.");
            Require(
                kind == ExtensionKind.Unknown || (kind == ExtensionKind.BasicConstraints && !profile.IsCa && extension.IsCritical && extension.Value.Span.SequenceEqual(NoCa)),
                $"The extension {extension.Oid} is the authority's to write.");
        }

        foreach (var addresses in new[] { contents.OcspServers, contents.IssuerCertificates, contents.RevocationLists })
        {
            Require(
                addresses.Length <= MostAddresses && addresses.All(address => address.Length <= LongestAddress && UriSyntax.IsWellFormed(address) && address.StartsWith("http", StringComparison.OrdinalIgnoreCase)),
                $"An address of revocation is no HTTP address of at most {LongestAddress} characters, or there are more than {MostAddresses}.");
        }
    }

    /// <summary>BasicConstraints of no CA: the empty sequence.</summary>
    private static ReadOnlySpan<byte> NoCa => [0x30, 0x00];

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new PkiException(PkiError.ProfileViolation, message);
        }
    }
}
