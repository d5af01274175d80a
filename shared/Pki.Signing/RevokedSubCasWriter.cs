using System.Formats.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki.Signing;

/// <summary>Writes the TBSCertList (RFC 5280 5.1.2) of a list of revoked Sub-CAs.</summary>
internal static class RevokedSubCasWriter
{
    private static readonly Asn1Tag ExtensionsTag = new(TagClass.ContextSpecific, 0);

    public static byte[] Encode(IssuerInfo issuer, RevokedSubCasContent content)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(1);
            writer.WriteEncodedValue(SignatureAlgorithms.Identifier(SignatureAlgorithms.ForIssuer(issuer.Key)));
            writer.WriteEncodedValue(issuer.SubjectName.Span);
            TbsEncoder.WriteTime(writer, content.ThisUpdate);
            TbsEncoder.WriteTime(writer, content.NextUpdate);
            WriteEntries(writer, content.Entries);
            using (writer.PushSequence(ExtensionsTag))
            using (writer.PushSequence())
            {
                ExtensionWriter.AuthorityKeyIdentifier(writer, issuer.SubjectKeyIdentifier.Span);
                WriteNumber(writer, content.Number);
                WriteScope(writer);
            }
        }

        return writer.Encode();
    }

    // RFC 5280 5.1.2.6: without entries the list must be absent.
    private static void WriteEntries(AsnWriter writer, IReadOnlyList<RevokedSubCa> entries)
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

/// <summary>What a list of revoked Sub-CAs says.</summary>
public sealed record RevokedSubCasContent
{
    public required long Number { get; init; }
    public required DateTimeOffset ThisUpdate { get; init; }
    public required DateTimeOffset NextUpdate { get; init; }
    public required IReadOnlyList<RevokedSubCa> Entries { get; init; }
}

/// <summary>One line of <see cref="RevokedSubCasContent"/>.</summary>
public sealed record RevokedSubCa(ReadOnlyMemory<byte> SerialNumber, DateTimeOffset RevokedAt);
