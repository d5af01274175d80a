using System.Formats.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki.Signing;

/// <summary>Writes a TBSCertList (RFC 5280 5.1.2).</summary>
internal static class RevocationListWriter
{
    /// <summary>Bytes of a list without entries, at most but for very long names.</summary>
    private const int Fixed = 4096;

    /// <summary>Bytes of an entry, at most: serial number, times, reason and their headers.</summary>
    private const int Entry = 96;

    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0);

    /// <param name="issuer">Signs it.</param>
    /// <param name="order">What goes into it.</param>
    /// <param name="onlyCaCertificates">Its scope, else every certificate of the issuer (RFC 5280 5.2.5).</param>
    public static byte[] Encode(IssuerInfo issuer, RevocationListOrder order, bool onlyCaCertificates)
    {
        // Grows by a kilobyte at a time, with a copy of all of it: quadratic for a list of many megabytes.
        var writer = new AsnWriter(AsnEncodingRules.DER, initialCapacity: checked(Fixed + (order.Former?.Length ?? 0) + (order.Revoked.Count * Entry)));
        using (writer.PushSequence())
        {
            writer.WriteInteger(1);
            writer.WriteEncodedValue(SignatureAlgorithms.Identifier(SignatureAlgorithms.ForIssuer(issuer.Key)));
            writer.WriteEncodedValue(issuer.SubjectName.Span);
            TbsEncoder.WriteTime(writer, order.ThisUpdate);
            TbsEncoder.WriteTime(writer, order.NextUpdate);
            WriteEntries(writer, order.Former?.Without(order.Revoked.Select(entry => entry.SerialNumber)), order.Revoked);
            using (writer.PushSequence(Context0))
            using (writer.PushSequence())
            {
                ExtensionWriter.AuthorityKeyIdentifier(writer, issuer.SubjectKeyIdentifier.Span);
                WriteNumber(writer, order.Number);
                if (onlyCaCertificates)
                {
                    WriteScope(writer, CrlExtensions.OnlyCaCertificates);
                }
                else if (order.DistributionPoint is { } url)
                {
                    WriteScope(writer, DistributionPoint(url));
                }
            }
        }

        return writer.Encode();
    }

    // RFC 5280 5.1.2.6: without entries the list must be absent.
    private static void WriteEntries(AsnWriter writer, SignedRevocations? former, IReadOnlyList<RevokedSerial> entries)
    {
        if (former is not { Length: > 0 } && entries.Count == 0)
        {
            return;
        }

        using (writer.PushSequence())
        {
            former?.Write(writer);
            foreach (var entry in entries)
            {
                using (writer.PushSequence())
                {
                    writer.WriteInteger(entry.SerialNumber.Span);
                    TbsEncoder.WriteTime(writer, entry.RevokedAt);
                    WriteExtensions(writer, entry);
                }
            }
        }
    }

    private static void WriteExtensions(AsnWriter writer, RevokedSerial entry)
    {
        // RFC 5280 5.3.1: the first is left out, the other is for deltas only.
        var hasReason = entry.Reason is not (RevocationReason.Unspecified or RevocationReason.RemoveFromCrl);
        if (!hasReason && entry.InvalidSince is null)
        {
            return;
        }

        using (writer.PushSequence())
        {
            if (hasReason)
            {
                WriteExtension(writer, "2.5.29.21", () => writer.WriteEnumeratedValue(entry.Reason));
            }

            // RFC 5280 5.3.2: GeneralizedTime, whatever the year.
            if (entry.InvalidSince is { } since)
            {
                WriteExtension(writer, "2.5.29.24", () => writer.WriteGeneralizedTime(since, omitFractionalSeconds: true));
            }
        }
    }

    private static void WriteExtension(AsnWriter writer, string oid, Action writeValue)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            using (writer.PushOctetString())
            {
                writeValue();
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

    /// <summary>IssuingDistributionPoint { distributionPoint [0] { fullName [0] { uniformResourceIdentifier [6] } } }.</summary>
    private static byte[] DistributionPoint(Uri url)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(Context0))
        using (writer.PushSequence(Context0))
        {
            writer.WriteCharacterString(UniversalTagNumber.IA5String, url.AbsoluteUri, GeneralNames.UriTag);
        }

        return writer.Encode();
    }

    private static void WriteScope(AsnWriter writer, ReadOnlySpan<byte> value)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("2.5.29.28");
            writer.WriteBoolean(true);
            writer.WriteOctetString(value);
        }
    }
}
