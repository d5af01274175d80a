using System.Formats.Asn1;
using System.Security.Cryptography;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Validation;

/// <summary>Writes an OCSPResponse (RFC 6960 4.2.1).</summary>
internal static class OcspResponse
{
    private const string Basic = "1.3.6.1.5.5.7.48.1.1";
    private const string EcdsaWithSha256 = "1.2.840.10045.4.3.2";
    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag Context1 = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag Context2 = new(TagClass.ContextSpecific, 2);

    /// <summary>An unsigned one: it says nothing of a certificate.</summary>
    public static byte[] Error(OcspResponseStatus status)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEnumeratedValue(status);
        }

        return writer.Encode();
    }

    /// <param name="responder">Signs.</param>
    /// <param name="statuses">One for each that was asked for.</param>
    /// <param name="nonce">The request's.</param>
    /// <param name="now">producedAt and thisUpdate.</param>
    /// <param name="nextUpdate">When the answer runs out.</param>
    public static byte[] Sign(OcspResponder responder, IReadOnlyList<OcspStatus> statuses, ReadOnlyMemory<byte>? nonce, DateTimeOffset now, DateTimeOffset nextUpdate)
    {
        var data = Data(responder, statuses, nonce, now, nextUpdate);
        var basic = new AsnWriter(AsnEncodingRules.DER);
        using (basic.PushSequence())
        {
            basic.WriteEncodedValue(data);
            using (basic.PushSequence())
            {
                basic.WriteObjectIdentifier(EcdsaWithSha256);
            }

            basic.WriteBitString(responder.Key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
            using (basic.PushSequence(Context0))
            using (basic.PushSequence())
            {
                basic.WriteEncodedValue(responder.Certificate.Span);
            }
        }

        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEnumeratedValue(OcspResponseStatus.Successful);
            using (writer.PushSequence(Context0))
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Basic);
                writer.WriteOctetString(basic.Encode());
            }
        }

        return writer.Encode();
    }

    private static byte[] Data(OcspResponder responder, IReadOnlyList<OcspStatus> statuses, ReadOnlyMemory<byte>? nonce, DateTimeOffset now, DateTimeOffset nextUpdate)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            // responderID byName.
            using (writer.PushSequence(Context1))
            {
                writer.WriteEncodedValue(responder.Name.Span);
            }

            WriteTime(writer, now);
            using (writer.PushSequence())
            {
                foreach (var status in statuses)
                {
                    Write(writer, status, now, nextUpdate);
                }
            }

            if (nonce is { } octets)
            {
                WriteNonce(writer, octets.Span);
            }
        }

        return writer.Encode();
    }

    private static void Write(AsnWriter writer, OcspStatus status, DateTimeOffset now, DateTimeOffset nextUpdate)
    {
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(status.Certificate.Encode());
            switch (status)
            {
                case { IsKnown: false }:
                    writer.WriteNull(Context2);
                    break;
                case { RevokedAt: { } revokedAt }:
                    using (writer.PushSequence(Context1))
                    {
                        WriteTime(writer, revokedAt);
                        using (writer.PushSequence(Context0))
                        {
                            writer.WriteEnumeratedValue(status.Reason);
                        }
                    }

                    break;
                default:
                    writer.WriteNull(Context0);
                    break;
            }

            WriteTime(writer, now);
            using (writer.PushSequence(Context0))
            {
                WriteTime(writer, nextUpdate);
            }
        }
    }

    private static void WriteNonce(AsnWriter writer, ReadOnlySpan<byte> nonce)
    {
        using (writer.PushSequence(Context1))
        using (writer.PushSequence())
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(OcspRequest.NonceOid);
            using (writer.PushOctetString())
            {
                writer.WriteOctetString(nonce);
            }
        }
    }

    private static void WriteTime(AsnWriter writer, DateTimeOffset time) => writer.WriteGeneralizedTime(time, omitFractionalSeconds: true);
}

/// <summary>OCSPResponseStatus (RFC 6960 4.2.1).</summary>
internal enum OcspResponseStatus
{
    Successful = 0,
    MalformedRequest = 1,
    InternalError = 2,
    TryLater = 3,
    Unauthorized = 6,
}

/// <param name="Certificate">As it was asked for.</param>
/// <param name="IsKnown">Whether it was ever issued.</param>
/// <param name="RevokedAt">Null: good.</param>
/// <param name="Reason">Goes with it.</param>
internal readonly record struct OcspStatus(OcspCertificateId Certificate, bool IsKnown, DateTimeOffset? RevokedAt = null, RevocationReason Reason = RevocationReason.Unspecified);
