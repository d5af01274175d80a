using System.Formats.Asn1;
using System.Runtime.CompilerServices;
using IoTPlatform.Pki.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki;

/// <summary>Writes TBSCertificates (RFC 5280 4.1) of one issuer. What is the same every time is encoded once. Thread-safe.</summary>
internal sealed class TbsEncoder
{
    private static readonly Asn1Tag VersionTag = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag ExtensionsTag = new(TagClass.ContextSpecific, 3);

    [ThreadStatic]
    private static AsnWriter? Writer;

    private readonly IssuerInfo _issuer;
    private readonly byte[] _algorithm;
    private readonly byte[] _authorityKeyIdentifier;
    private readonly ConditionalWeakTable<CertificateProfile, ProfileExtensions> _profiles = [];

    public TbsEncoder(IssuerInfo issuer)
    {
        _issuer = issuer;
        _algorithm = SignatureAlgorithms.Identifier(SignatureAlgorithms.ForIssuer(issuer.Key)).ToArray();
        var writer = new AsnWriter(AsnEncodingRules.DER);
        ExtensionWriter.AuthorityKeyIdentifier(writer, issuer.SubjectKeyIdentifier.Span);
        _authorityKeyIdentifier = writer.Encode();
    }

    public byte[] Encode(CertificateTemplate template, ReadOnlySpan<byte> serialNumber)
    {
        var writer = Writer ??= new AsnWriter(AsnEncodingRules.DER, initialCapacity: 1024);
        writer.Reset();
        using (writer.PushSequence())
        {
            using (writer.PushSequence(VersionTag))
            {
                writer.WriteInteger(2);
            }

            writer.WriteInteger(serialNumber);
            writer.WriteEncodedValue(_algorithm);
            writer.WriteEncodedValue(_issuer.SubjectName.Span);
            using (writer.PushSequence())
            {
                WriteTime(writer, template.NotBefore);
                WriteTime(writer, template.NotAfter);
            }

            if (template.Contents?.Subject is { } subject)
            {
                writer.WriteEncodedValue(subject.Span);
            }
            else
            {
                DistinguishedName.Write(writer, template.Names.CommonName);
            }

            writer.WriteEncodedValue(template.SubjectPublicKeyInfo.Span);
            using (writer.PushSequence(ExtensionsTag))
            using (writer.PushSequence())
            {
                WriteExtensions(writer, template, serialNumber);
            }
        }

        return writer.Encode();
    }

    private void WriteExtensions(AsnWriter writer, CertificateTemplate template, ReadOnlySpan<byte> serialNumber)
    {
        var fixedPart = _profiles.GetValue(template.Profile, static profile => new ProfileExtensions(profile));
        foreach (var extension in fixedPart.For(template.Key))
        {
            writer.WriteEncodedValue(extension);
        }

        Span<byte> identifier = stackalloc byte[KeyIdentifier.Bytes];
        KeyIdentifier.Write(PublicKeyInfo.Parse(template.SubjectPublicKeyInfo.Span), identifier);
        ExtensionWriter.SubjectKeyIdentifier(writer, identifier);
        writer.WriteEncodedValue(_authorityKeyIdentifier);
        var (ocsp, caIssuers, lists) = Addresses(template, serialNumber);
        ExtensionWriter.AuthorityInfoAccess(writer, ocsp, caIssuers);
        if (template.Names.SanCount > 0)
        {
            ExtensionWriter.SubjectAltName(writer, template.Names, isSubjectEmpty: template.Names.CommonName is null && template.Contents?.Subject is null);
        }

        ExtensionWriter.NameConstraints(writer, template.NameConstraints);
        ExtensionWriter.CrlDistributionPoints(writer, lists);
        foreach (var extension in template.Contents?.Extensions ?? [])
        {
            ExtensionWriter.Further(writer, extension);
        }

        ExtensionWriter.StepProvisioner(writer, template.StepProvisioner);
    }

    /// <summary>Where revocation is asked for: the authority's own addresses first.</summary>
    private (IReadOnlyList<string> Ocsp, IReadOnlyList<string> CaIssuers, IReadOnlyList<string> Lists) Addresses(CertificateTemplate template, ReadOnlySpan<byte> serialNumber)
    {
        var further = template.Contents;
        if (template.Validation is not { } own)
        {
            return further is null ? ([], [], []) : (further.OcspServers, further.IssuerCertificates, further.RevocationLists);
        }

        var issuer = _issuer.SubjectKeyIdentifier.Span;
        return (
            [own.Ocsp.AbsoluteUri, .. further?.OcspServers ?? []],
            [own.IssuerCertificate(issuer).AbsoluteUri, .. further?.IssuerCertificates ?? []],
            [own.RevocationList(issuer, RevocationListShard.Of(serialNumber)).AbsoluteUri, .. further?.RevocationLists ?? []]);
    }

    /// <summary>RFC 5280 4.1.2.5: UTCTime through 2049, then GeneralizedTime.</summary>
    internal static void WriteTime(AsnWriter writer, DateTimeOffset time)
    {
        if (time.Year is >= 1950 and < 2050)
        {
            writer.WriteUtcTime(time, twoDigitYearMax: 2049);
        }
        else
        {
            writer.WriteGeneralizedTime(time, omitFractionalSeconds: true);
        }
    }
}
