using System.Formats.Asn1;
using IoTPlatform.Pki.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki;

/// <summary>Reads a CertificateList (RFC 5280 5.1). Only the extensions that the platform writes are known; another critical one is refused.</summary>
internal static class CaRevocationListReader
{
    private static readonly Asn1Tag ExtensionsTag = new(TagClass.ContextSpecific, 0, isConstructed: true);

    public static CaRevocationList Read(ReadOnlyMemory<byte> der, RevocationListScope scope)
    {
        var outer = new DerReader(der.Span);
        var body = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        var tbsBytes = body.ReadEncoded();
        var algorithm = SignatureAlgorithms.Read(ref body);
        var signature = body.ReadBitString();
        body.ThrowIfNotEmpty();

        var tbs = new DerReader(tbsBytes).ReadSequence();
        if (tbs.ReadSmallInteger() != 1)
        {
            throw new AsnContentException("The list is not version 2.");
        }

        if (SignatureAlgorithms.Read(ref tbs) != algorithm)
        {
            throw new AsnContentException("The two signature algorithm fields differ.");
        }

        var issuer = tbs.ReadEncoded();
        var thisUpdate = tbs.ReadTime();
        var nextUpdate = tbs.ReadTime();
        var serials = tbs.NextIs(Asn1Tag.Sequence) ? ReadSerials(tbs.ReadSequence(), scope) : [];
        var number = ReadNumber(tbs.ReadSequence(ExtensionsTag).ReadSequence(), scope);
        tbs.ThrowIfNotEmpty();
        return new CaRevocationList
        {
            Der = der,
            ThisUpdate = thisUpdate,
            NextUpdate = nextUpdate,
            Number = number,
            Serials = serials,
            Issuer = issuer.ToArray(),
            Tbs = tbsBytes.ToArray(),
            Algorithm = algorithm,
            Signature = signature.ToArray(),
        };
    }

    private static HashSet<string> ReadSerials(DerReader entries, RevocationListScope scope)
    {
        var serials = new HashSet<string>(StringComparer.Ordinal);
        while (entries.HasData)
        {
            var entry = entries.ReadSequence();
            serials.Add(Convert.ToHexString(entry.ReadInteger()));
            entry.ReadTime();
            if (scope == RevocationListScope.Complete && entry.HasData)
            {
                RefuseCritical(entry.ReadSequence());
            }

            entry.ThrowIfNotEmpty();
        }

        return serials;
    }

    /// <summary>Of an entry: reason and date decide nothing, and a certificateIssuer (RFC 5280 5.3.3), which is critical, would make it another CA's.</summary>
    private static void RefuseCritical(DerReader extensions)
    {
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            extension.ReadOid();
            if (ExtensionParser.ReadCritical(ref extension))
            {
                throw new AsnContentException("An entry has a critical extension that is not known here.");
            }

            extension.ReadOctetString();
            extension.ThrowIfNotEmpty();
        }
    }

    /// <summary>The number; throws unless the list is of this scope.</summary>
    private static long ReadNumber(DerReader extensions, RevocationListScope scope)
    {
        long? number = null;
        RevocationListScope? found = RevocationListScope.Complete;
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            var oid = extension.ReadOid();
            var critical = ExtensionParser.ReadCritical(ref extension);
            var value = new DerReader(extension.ReadOctetString());
            extension.ThrowIfNotEmpty();
            if (oid.SequenceEqual(CrlExtensions.Number))
            {
                number = AsnDecoder.TryReadInt64(value.Rest, AsnEncodingRules.DER, out var read, out _) && read >= 0 ? read : throw new AsnContentException("The list's number is out of range.");
            }
            else if (oid.SequenceEqual(CrlExtensions.IssuingDistributionPoint))
            {
                found = value.Rest.SequenceEqual(CrlExtensions.OnlyCaCertificates) ? RevocationListScope.CaCertificates : null;
            }
            else if (critical)
            {
                throw new AsnContentException("The list has a critical extension that is not known here.");
            }
        }

        return number is { } known && found == scope ? known : throw new AsnContentException("The list has no number, or is for other certificates.");
    }
}

/// <summary>Content bytes of CRL extensions (RFC 5280 5.2).</summary>
internal static class CrlExtensions
{
    /// <summary>id-ce-cRLNumber, 2.5.29.20.</summary>
    public static ReadOnlySpan<byte> Number => [0x55, 0x1D, 0x14];

    /// <summary>id-ce-issuingDistributionPoint, 2.5.29.28.</summary>
    public static ReadOnlySpan<byte> IssuingDistributionPoint => [0x55, 0x1D, 0x1C];

    /// <summary>IssuingDistributionPoint { onlyContainsCACerts [2] TRUE }.</summary>
    public static ReadOnlySpan<byte> OnlyCaCertificates => [0x30, 0x03, 0x82, 0x01, 0xFF];
}
