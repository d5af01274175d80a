using System.Formats.Asn1;
using System.Security.Cryptography;
using IoTPlatform.Pki.Asn1;
using IoTPlatform.Pki.Crypto;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Pki;

/// <summary>Makes a CertificationRequest with a CN and, where there are any, alternative names.</summary>
internal static class CsrWriter
{
    private static readonly Asn1Tag AttributesTag = new(TagClass.ContextSpecific, 0);

    public static string CreatePem(ECDsa key, SubjectNames names)
    {
        names.Validate();
        var spki = key.ExportSubjectPublicKeyInfo();
        var algorithm = SignatureAlgorithms.ForIssuer(PublicKeyInfo.Parse(spki).Kind);
        var info = Info(spki, names);
        var signature = key.SignData(info, SignatureAlgorithms.Hash(algorithm), DSASignatureFormat.Rfc3279DerSequence);
        return Pem.Block("CERTIFICATE REQUEST", SignedStructure.Assemble(info, SignatureAlgorithms.Identifier(algorithm), signature));
    }

    private static byte[] Info(byte[] spki, SubjectNames names)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(0);
            DistinguishedName.Write(writer, names.CommonName);
            writer.WriteEncodedValue(spki);
            using (writer.PushSetOf(AttributesTag))
            {
                if (names.SanCount > 0)
                {
                    WriteExtensionRequest(writer, names);
                }
            }
        }

        return writer.Encode();
    }

    private static void WriteExtensionRequest(AsnWriter writer, SubjectNames names)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.113549.1.9.14");
            using (writer.PushSetOf())
            using (writer.PushSequence())
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("2.5.29.17");
                using (writer.PushOctetString())
                {
                    GeneralNames.Write(writer, names);
                }
            }
        }
    }
}
