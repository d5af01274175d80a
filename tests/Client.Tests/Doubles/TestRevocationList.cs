using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Client.Tests.Doubles;

/// <summary>CRLs (RFC 5280 5). One for CA certificates only is written by hand: the BCL's builder has no issuingDistributionPoint.</summary>
internal static class TestRevocationList
{
    private const string EcdsaWithSha256 = "1.2.840.10045.4.3.2";

    /// <summary>A complete one, as the root's.</summary>
    public static byte[] CreateComplete(X509Certificate2 issuer, long number, DateTimeOffset thisUpdate, DateTimeOffset nextUpdate, params X509Certificate2[] revoked)
    {
        var builder = new CertificateRevocationListBuilder();
        foreach (var certificate in revoked)
        {
            builder.AddEntry(certificate, thisUpdate, X509RevocationReason.CACompromise);
        }

        return builder.Build(issuer, number, nextUpdate, HashAlgorithmName.SHA256, thisUpdate: thisUpdate);
    }

    public static byte[] Create(X509Certificate2 issuer, long number, DateTimeOffset thisUpdate, DateTimeOffset nextUpdate, params X509Certificate2[] revoked)
    {
        var tbs = new AsnWriter(AsnEncodingRules.DER);
        using (tbs.PushSequence())
        {
            tbs.WriteInteger(1);
            WriteAlgorithm(tbs);
            tbs.WriteEncodedValue(issuer.SubjectName.RawData);
            tbs.WriteUtcTime(thisUpdate);
            tbs.WriteUtcTime(nextUpdate);
            WriteEntries(tbs, thisUpdate, revoked);
            using (tbs.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            using (tbs.PushSequence())
            {
                WriteExtension(tbs, "2.5.29.20", critical: false, value => value.WriteInteger(number));
                WriteExtension(tbs, "2.5.29.28", critical: true, value =>
                {
                    using (value.PushSequence())
                    {
                        value.WriteBoolean(true, new Asn1Tag(TagClass.ContextSpecific, 2));
                    }
                });
            }
        }
        using var key = issuer.GetECDsaPrivateKey()!;
        var list = new AsnWriter(AsnEncodingRules.DER);
        using (list.PushSequence())
        {
            list.WriteEncodedValue(tbs.Encode());
            WriteAlgorithm(list);
            list.WriteBitString(key.SignData(tbs.Encode(), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        }
        return list.Encode();
    }

    private static void WriteEntries(AsnWriter tbs, DateTimeOffset at, X509Certificate2[] revoked)
    {
        if (revoked.Length == 0)
        {
            return;
        }

        using (tbs.PushSequence())
        {
            foreach (var certificate in revoked)
            {
                using (tbs.PushSequence())
                {
                    tbs.WriteInteger(certificate.SerialNumberBytes.Span);
                    tbs.WriteUtcTime(at);
                }
            }
        }
    }

    private static void WriteAlgorithm(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(EcdsaWithSha256);
        }
    }

    private static void WriteExtension(AsnWriter writer, string oid, bool critical, Action<AsnWriter> write)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            if (critical)
            {
                writer.WriteBoolean(true);
            }

            using (writer.PushOctetString())
            {
                write(writer);
            }
        }
    }
}
