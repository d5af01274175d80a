using System.Formats.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki.Signing;

/// <summary>Writes a TBSCertList (RFC 5280 5.1.2).</summary>
internal static class RevocationListWriter
{
    private static readonly Asn1Tag ExtensionsTag = new(TagClass.ContextSpecific, 0);

    /// <param name="issuer">Signs it.</param>
    /// <param name="order">What goes into it.</param>
    /// <param name="onlyCaCertificates">Its scope, else every certificate of the issuer (RFC 5280 5.2.5).</param>
    public static byte[] Encode(IssuerInfo issuer, RevocationListOrder order, bool onlyCaCertificates)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(1);
            writer.WriteEncodedValue(SignatureAlgorithms.Identifier(SignatureAlgorithms.ForIssuer(issuer.Key)));
            writer.WriteEncodedValue(issuer.SubjectName.Span);
            TbsEncoder.WriteTime(writer, order.ThisUpdate);
            TbsEncoder.WriteTime(writer, order.NextUpdate);
            WriteEntries(writer, [.. order.Revoked]);
            using (writer.PushSequence(ExtensionsTag))
            using (writer.PushSequence())
            {
                ExtensionWriter.AuthorityKeyIdentifier(writer, issuer.SubjectKeyIdentifier.Span);
                WriteNumber(writer, order.Number);
                if (onlyCaCertificates)
                {
                    WriteScope(writer);
                }
            }
        }

        return writer.Encode();
    }

    // RFC 5280 5.1.2.6: without entries the list must be absent.
    private static void WriteEntries(AsnWriter writer, IReadOnlyList<RevokedSerial> entries)
    {
        if (entries.Count == 0)
        {
            return;
        }

        using (writer.PushSequence())
        {
            foreach (var entry in entries)
            {
                using (writer.PushSequence())
                {
                    writer.WriteInteger(entry.SerialNumber.Span);
                    TbsEncoder.WriteTime(writer, entry.RevokedAt);
                }
            }
        }
    }

    private static void WriteNumber(AsnWriter writer, long number)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("2.5.29.20");
            using (writer.PushOctetString())
            {
                writer.WriteInteger(number);
            }
        }
    }

    private static void WriteScope(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("2.5.29.28");
            writer.WriteBoolean(true);
            writer.WriteOctetString(CrlExtensions.OnlyCaCertificates);
        }
    }
}
