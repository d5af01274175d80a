using System.Buffers.Text;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>The unique identifier of a certificate (RFC 9773 4.1): its authority key identifier and its serial number, each in base64url.</summary>
internal static class AcmeCertificateId
{
    private const int LongestPart = 64;

    /// <summary>The certificate it names; throws 404 <c>malformed</c> where there is none.</summary>
    public static async Task<CertificateRecord> FindAsync(string text, Authority authority, CancellationToken cancellationToken)
    {
        if (text.Split('.') is [{ Length: > 0 and <= LongestPart } issuer, { Length: > 0 and <= LongestPart } number] && Base64Url.IsValid(issuer) && Base64Url.IsValid(number)
            && Base64Url.DecodeFromChars(number) is { Length: > 0 and <= SerialNumber.MaxBytes } serial
            && await authority.FindAsync(serial, cancellationToken) is { } record
            && ParsedCertificate.Parse(record.Der).AuthorityKeyIdentifier is { } keyId && keyId.Span.SequenceEqual(Base64Url.DecodeFromChars(issuer)))
        {
            return record;
        }

        throw AcmeException.NotFound("This server issued no certificate of this identifier.");
    }
}
