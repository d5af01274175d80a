using System.Collections.Immutable;
using System.Formats.Asn1;
using IoTPlatform.Pki.Asn1;

namespace IoTPlatform.Pki;

/// <summary>What a request says beside its key and names: shown to templates and webhooks, which may use what they will of it.</summary>
/// <param name="Version">RFC 2986 4.1; 0 is version 1.</param>
/// <param name="Subject">All attributes that are text.</param>
/// <param name="Extensions">Those requested (RFC 2985 5.4.2).</param>
public sealed record RequestContents(int Version, ImmutableArray<SubjectAttribute> Subject, ImmutableArray<CertificateExtension> Extensions)
{
    /// <summary>Of a request that was read before, and so is well-formed; empty for a key of our own.</summary>
    internal static RequestContents Read(ReadOnlySpan<byte> der)
    {
        if (der.IsEmpty)
        {
            return new RequestContents(0, [], []);
        }

        try
        {
            var info = new DerReader(der, tolerant: true).ReadSequence().ReadSequence();
            var version = info.ReadSmallInteger();
            var subject = SubjectAttributes.Read(info.ReadEncoded());
            info.ReadEncoded();
            return new RequestContents(version, subject, info.HasData ? Requested(info.ReadSetOf(CsrParser.AttributesTag)) : []);
        }
        catch (AsnContentException e)
        {
            throw new PkiException(PkiError.Malformed, $"The certificate signing request is malformed: {e.Message}", e);
        }
    }

    private static ImmutableArray<CertificateExtension> Requested(DerReader attributes)
    {
        while (attributes.HasData)
        {
            var attribute = attributes.ReadSequence();
            var type = attribute.ReadOid();
            var values = attribute.ReadSetOf();
            if (type.SequenceEqual(DerOid.ExtensionRequest) && values.HasData)
            {
                return ReadAll(values.ReadSequence());
            }
        }

        return [];
    }

    private static ImmutableArray<CertificateExtension> ReadAll(DerReader extensions)
    {
        var found = ImmutableArray.CreateBuilder<CertificateExtension>();
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            var oid = DottedOid.Of(extension.ReadOid());
            var isCritical = ExtensionParser.ReadCritical(ref extension);
            found.Add(new CertificateExtension(oid, isCritical, extension.ReadOctetString().ToArray()));
        }

        return found.DrainToImmutable();
    }
}
