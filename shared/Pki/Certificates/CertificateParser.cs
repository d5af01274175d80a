using System.Collections.Immutable;
using System.Formats.Asn1;
using IoTPlatform.Pki.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki;

/// <summary>Reads the frame of a certificate; <see cref="ExtensionParser"/> reads the extensions.</summary>
internal static class CertificateParser
{
    public const int MaxBytes = 32768;
    private const int MaxExtensions = 32;

    private static readonly Asn1Tag VersionTag = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag IssuerUniqueIdTag = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag ExtensionsTag = new(TagClass.ContextSpecific, 3, isConstructed: true);

    public static ParsedCertificate Parse(ReadOnlyMemory<byte> der)
    {
        if (der.Length > MaxBytes)
        {
            throw new PkiException(PkiError.TooLarge, $"The certificate is larger than {MaxBytes} bytes.");
        }

        try
        {
            return ParseStrict(der);
        }
        catch (AsnContentException e)
        {
            throw new PkiException(PkiError.Malformed, "The certificate is not valid DER.", e);
        }
    }

    private static ParsedCertificate ParseStrict(ReadOnlyMemory<byte> der)
    {
        var certificate = new ParsedCertificate { Der = der };
        var outer = new DerReader(der.Span);
        var body = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        var tbsBytes = body.ReadEncoded();
        certificate.TbsCertificate = Slice(der, tbsBytes);
        certificate.SignatureAlgorithm = SignatureAlgorithms.Read(ref body);
        certificate.Signature = Slice(der, body.ReadBitString());
        body.ThrowIfNotEmpty();

        var tbs = new DerReader(tbsBytes).ReadSequence();
        var version = tbs.ReadSequence(VersionTag);
        if (version.ReadSmallInteger() != 2)
        {
            throw new AsnContentException("The certificate is not version 3.");
        }

        version.ThrowIfNotEmpty();
        certificate.SerialNumber = Slice(der, tbs.ReadInteger());
        if (SignatureAlgorithms.Read(ref tbs) != certificate.SignatureAlgorithm)
        {
            throw new AsnContentException("The two signature algorithm fields differ.");
        }

        certificate.Issuer = Slice(der, tbs.ReadEncoded());
        var issuer = new DerReader(certificate.Issuer.Span);
        DistinguishedName.Read(ref issuer, out _);
        var validity = tbs.ReadSequence();
        certificate.NotBefore = validity.ReadTime();
        certificate.NotAfter = validity.ReadTime();
        validity.ThrowIfNotEmpty();

        var subjectStart = tbs;
        certificate.Subject = Slice(der, subjectStart.ReadEncoded());
        var commonName = DistinguishedName.Read(ref tbs, out var hasOtherAttributes);
        certificate.HasOtherSubjectAttributes = hasOtherAttributes;
        certificate.Names = new SubjectNames { CommonName = commonName };
        certificate.SubjectPublicKeyInfo = Slice(der, tbs.ReadEncoded());
        if (tbs.NextIs(IssuerUniqueIdTag))
        {
            throw new AsnContentException("Unique identifiers are not supported (RFC 5280 4.1.2.8).");
        }

        var wrapper = tbs.ReadSequence(ExtensionsTag);
        tbs.ThrowIfNotEmpty();
        var extensions = wrapper.ReadSequence();
        wrapper.ThrowIfNotEmpty();
        ReadExtensions(certificate, extensions);
        return certificate;
    }

    private static void ReadExtensions(ParsedCertificate certificate, DerReader extensions)
    {
        var found = ImmutableArray.CreateBuilder<ParsedExtension>(8);
        var seen = new ReadOnlyMemory<byte>[MaxExtensions];
        while (extensions.HasData)
        {
            if (found.Count == MaxExtensions)
            {
                throw new PkiException(PkiError.TooLarge, $"The certificate has more than {MaxExtensions} extensions.");
            }

            var extension = extensions.ReadSequence();
            var oid = extension.ReadOid();
            for (var i = 0; i < found.Count; i++)
            {
                if (seen[i].Span.SequenceEqual(oid))
                {
                    throw new AsnContentException("An extension is there twice.");
                }
            }

            seen[found.Count] = Slice(certificate.Der, oid);
            var critical = ExtensionParser.ReadCritical(ref extension);
            var value = extension.ReadOctetString();
            extension.ThrowIfNotEmpty();
            var kind = ExtensionKinds.Find(oid);
            var slice = Slice(certificate.Der, value);
            ExtensionParser.Read(certificate, kind, slice);
            found.Add(new ParsedExtension(kind, critical, seen[found.Count], slice));
        }

        certificate.Extensions = found.Count == 0 ? throw new AsnContentException("The extension list is empty.") : found.DrainToImmutable();
    }

    /// <summary>The part of the memory that a span taken from it covers.</summary>
    private static ReadOnlyMemory<byte> Slice(ReadOnlyMemory<byte> memory, ReadOnlySpan<byte> part)
    {
        if (part.IsEmpty)
        {
            return default;
        }

        memory.Span.Overlaps(part, out var offset);
        return memory.Slice(offset, part.Length);
    }
}
