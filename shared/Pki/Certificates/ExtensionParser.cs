using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Pki.Asn1;

namespace IoTPlatform.Pki;

/// <summary>Reads the values of the extensions the platform knows (RFC 5280 4.2).</summary>
internal static class ExtensionParser
{
    private static readonly Asn1Tag KeyIdentifierTag = new(TagClass.ContextSpecific, 0);

    /// <summary>critical BOOLEAN DEFAULT FALSE: an encoded FALSE is not DER, but old encoders write it.</summary>
    public static bool ReadCritical(ref DerReader extension)
    {
        if (!extension.NextIs(Asn1Tag.Boolean))
        {
            return false;
        }

        return extension.ReadBoolean() || (extension.IsTolerant ? false : throw new AsnContentException("A default value is encoded."));
    }

    public static void Read(ParsedCertificate certificate, ExtensionKind kind, ReadOnlyMemory<byte> value)
    {
        var reader = new DerReader(value.Span);
        switch (kind)
        {
            case ExtensionKind.BasicConstraints:
                (certificate.IsCa, certificate.PathLength) = BasicConstraints(ref reader);
                break;
            case ExtensionKind.KeyUsage:
                certificate.KeyUsages = KeyUsages(ref reader);
                break;
            case ExtensionKind.ExtendedKeyUsage:
                certificate.ExtendedKeyUsages = ExtendedKeyUsages(ref reader);
                break;
            case ExtensionKind.SubjectAltName:
                certificate.Names = GeneralNames.Read(value.Span, certificate.Names.CommonName, out var hasOtherKinds);
                certificate.HasOtherNameKinds = hasOtherKinds;
                return;
            case ExtensionKind.NameConstraints:
                certificate.NameConstraints = NameConstraintsReader.Parse(value.Span);
                return;
            case ExtensionKind.SubjectKeyIdentifier:
                var subjectKey = reader.ReadOctetString();
                certificate.SubjectKeyIdentifier = value[^subjectKey.Length..];
                break;
            case ExtensionKind.AuthorityKeyIdentifier:
                certificate.AuthorityKeyIdentifier = AuthorityKey(ref reader, value);
                break;
            case ExtensionKind.StepProvisioner:
                certificate.StepProvisioner = StepProvisioner(ref reader);
                break;
            default:
                return;
        }

        reader.ThrowIfNotEmpty();
    }

    public static (bool IsCa, int? PathLength) BasicConstraints(ref DerReader reader)
    {
        var sequence = reader.ReadSequence();
        var isCa = ReadCritical(ref sequence);
        int? pathLength = (isCa || sequence.IsTolerant) && sequence.HasData ? sequence.ReadSmallInteger() : null;
        sequence.ThrowIfNotEmpty();
        return (isCa, pathLength);
    }

    public static X509KeyUsageFlags KeyUsages(ref DerReader reader)
    {
        var bits = reader.ReadBitString(out var unused);
        if (!reader.IsTolerant && (bits.Length is 0 or > 2 || (bits[^1] & (1 << unused)) == 0))
        {
            throw new AsnContentException("The key usage is empty or not minimal.");
        }

        // X509KeyUsageFlags keeps bits 0 to 7 in the low byte, first bit highest, and bit 8 at 0x8000.
        var low = bits.Length > 0 ? bits[0] : 0;
        var high = bits.Length > 1 ? bits[1] : 0;
        var used = 0xFFFF << (bits.Length > 1 ? 0 : unused);
        return (X509KeyUsageFlags)((low & used) | (high << 8));
    }

    private static ImmutableArray<string> ExtendedKeyUsages(ref DerReader reader)
    {
        var sequence = reader.ReadSequence();
        var usages = ImmutableArray.CreateBuilder<string>(2);
        while (sequence.HasData)
        {
            usages.Add(AsnDecoder.ReadObjectIdentifier(sequence.ReadEncoded(), AsnEncodingRules.DER, out _));
        }

        return usages.Count == 0 ? throw new AsnContentException("The extended key usage is empty.") : usages.DrainToImmutable();
    }

    private static ReadOnlyMemory<byte>? AuthorityKey(ref DerReader reader, ReadOnlyMemory<byte> value)
    {
        var sequence = reader.ReadSequence();
        if (!sequence.NextIs(KeyIdentifierTag))
        {
            while (sequence.HasData)
            {
                sequence.ReadEncoded();
            }

            return null;
        }

        var identifier = sequence.ReadOctetString(KeyIdentifierTag);
        var after = sequence.Rest.Length;
        while (sequence.HasData)
        {
            sequence.ReadEncoded();
        }

        var end = value.Length - after;
        return value[(end - identifier.Length)..end];
    }

    private static StepProvisionerExtension StepProvisioner(ref DerReader reader)
    {
        var sequence = reader.ReadSequence();
        var type = sequence.ReadSmallInteger();
        var name = Encoding.UTF8.GetString(sequence.ReadOctetString());
        var keyId = Encoding.UTF8.GetString(sequence.ReadOctetString());

        // Newer step-ca versions append key-value pairs.
        while (sequence.HasData)
        {
            sequence.ReadEncoded();
        }

        return new StepProvisionerExtension(type, name, keyId);
    }
}
