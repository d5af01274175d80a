using System.Formats.Asn1;
using System.Security.Cryptography;

namespace IoTPlatform.Pki.Tests.Requests;

/// <summary>Builds requests piece by piece, so that every piece can be wrong; the signature is right by default.</summary>
internal sealed class RawCsr
{
    public static readonly byte[] EcdsaSha256 = [0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];

    public int Version { get; init; }

    public Action<AsnWriter> Subject { get; init; } = writer => CommonName(writer, "device-1");

    public byte[]? SubjectPublicKeyInfo { get; init; }

    public Action<AsnWriter>? Attributes { get; init; } = _ => { };

    public byte[] Algorithm { get; init; } = EcdsaSha256;

    public Action<AsnWriter> AfterAttributes { get; init; } = _ => { };

    public static void CommonName(AsnWriter writer, string name, UniversalTagNumber type = UniversalTagNumber.UTF8String)
    {
        using (writer.PushSequence())
        {
            AddCommonName(writer, name, type);
        }
    }

    public static void AddCommonName(AsnWriter writer, string name, UniversalTagNumber type = UniversalTagNumber.UTF8String)
    {
        using (writer.PushSetOf())
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("2.5.4.3");
            writer.WriteCharacterString(type, name);
        }
    }

    public static void ExtensionRequest(AsnWriter writer, Action<AsnWriter> extensions)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.113549.1.9.14");
            using (writer.PushSetOf())
            using (writer.PushSequence())
            {
                extensions(writer);
            }
        }
    }

    public static void Extension(AsnWriter writer, string oid, Action<AsnWriter> value, bool? critical = null)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            if (critical is { } flag)
            {
                writer.WriteBoolean(flag);
            }

            using (writer.PushOctetString())
            {
                value(writer);
            }
        }
    }

    public static void Dns(AsnWriter writer, params string[] names)
    {
        using (writer.PushSequence())
        {
            foreach (var name in names)
            {
                writer.WriteOctetString(System.Text.Encoding.Latin1.GetBytes(name), new Asn1Tag(TagClass.ContextSpecific, 2));
            }
        }
    }

    public byte[] Sign(ECDsa? key = null)
    {
        using var own = key is null ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : null;
        var signer = key ?? own!;
        var info = Info(SubjectPublicKeyInfo ?? signer.ExportSubjectPublicKeyInfo());
        return Assemble(info, signer.SignData(info, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }

    public byte[] Assemble(byte[] info, byte[] signature)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(info);
            writer.WriteEncodedValue(Algorithm);
            writer.WriteBitString(signature);
        }

        return writer.Encode();
    }

    public byte[] Info(byte[] spki)
    {
        // BER, because the writer would put sets into order, and these tests want them in disorder.
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(Version);
            Subject(writer);
            writer.WriteEncodedValue(spki);
            if (Attributes is not null)
            {
                using (writer.PushSetOf(new Asn1Tag(TagClass.ContextSpecific, 0)))
                {
                    Attributes(writer);
                }
            }

            AfterAttributes(writer);
        }

        return writer.Encode();
    }
}
