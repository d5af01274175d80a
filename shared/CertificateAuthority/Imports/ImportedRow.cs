using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A certificate of an <see cref="ImportedIssuer"/> that is to go on record, judged by itself.</summary>
internal sealed record ImportedRow
{
    public required ParsedCertificate Certificate { get; init; }

    public required byte[] Serial { get; init; }

    public required string Subject { get; init; }

    /// <summary>One name a line.</summary>
    public required string Sans { get; init; }

    public required string Provisioner { get; init; }

    public required byte[] PublicKeySha256 { get; init; }

    public ImportedRevocationRow? Revocation { get; init; }
}

/// <param name="RevokedAt">At the authority that it comes from.</param>
/// <param name="ReasonCode">RFC 5280 5.3.1.</param>
/// <param name="Reason">In words; null: none were given.</param>
internal sealed record ImportedRevocationRow(DateTimeOffset RevokedAt, RevocationReason ReasonCode, string? Reason);

/// <summary>Judges certificates one by one: only a leaf that the issuer has signed, by its key, goes on record.</summary>
internal static class ImportedRows
{
    public const string Unreadable = "unreadable";
    public const string Foreign = "other_issuer";
    public const string OfAuthority = "ca_certificate";

    /// <summary>Octets of UTF-8: an index of the ledger takes no more than 2704.</summary>
    private const int MaxText = 1000;
    private const int MaxNames = 64 * 1024;

    /// <summary>The row, or why there is none.</summary>
    /// <param name="item">As it was sent.</param>
    /// <param name="issuer">Of the import.</param>
    /// <param name="now">No revocation is later.</param>
    public static (ImportedRow? Row, string Serial, string? Refusal) Read(ImportedCertificate? item, AcceptedIssuer issuer, DateTimeOffset now)
    {
        ParsedCertificate certificate;
        try
        {
            certificate = ParsedCertificate.Parse(Convert.FromBase64String(item?.Certificate ?? ""));
        }
        catch (Exception e) when (e is PkiException or FormatException)
        {
            return (null, "", Unreadable);
        }

        var serial = SerialNumber.ToDecimal(certificate.SerialNumber.Span);
        var (subject, sans) = (certificate.Names.CommonName ?? certificate.Names.AllSans.FirstOrDefault() ?? "", string.Join('\n', certificate.Names.AllSans));
        if (!SerialNumber.IsValid(certificate.SerialNumber.ToArray()) || !IsText(subject) || certificate.Names.AllSans.Any(name => !IsText(name)) || sans.Length > MaxNames
            // UTCTime begins here (RFC 5280 4.1.2.5.1), and the first moment of all would be no date in the database.
            || certificate.NotBefore.Year < 1950)
        {
            return (null, serial, Unreadable);
        }

        // With an identifier of the key: without, two generations of one name could be mistaken for each other.
        return certificate.AuthorityKeyIdentifier is null || !issuer.Info.HasSigned(certificate) ? (null, serial, Foreign)
            : certificate.IsCa ? (null, serial, OfAuthority)
            : (new ImportedRow
            {
                Certificate = certificate,
                Serial = certificate.SerialNumber.ToArray(),
                Subject = subject,
                Sans = sans,
                // Signed with the certificate, where it says so.
                Provisioner = Text(certificate.StepProvisioner?.Name ?? item!.Provisioner) ?? "",
                PublicKeySha256 = SHA256.HashData(certificate.SubjectPublicKeyInfo.Span),
                Revocation = item!.Revocation is { } revoked ? Of(revoked, now) : null,
            }, serial, null);
    }

    private static ImportedRevocationRow Of(ImportedRevocation revoked, DateTimeOffset now) => new(
        // Before 1970 nothing was revoked.
        DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(revoked.RevokedAt.ToUnixTimeSeconds(), 0, now.ToUnixTimeSeconds())), RevocationReasons.TryParse(revoked.ReasonCode, out var code) ? code : RevocationReason.Unspecified, Text(revoked.Reason));

    /// <summary>Without what <see cref="IsText"/> would refuse; half a pair of surrogates becomes U+FFFD.</summary>
    private static string? Text(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        var (kept, octets) = (new StringBuilder(), 0);
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsControl(rune))
            {
                continue;
            }

            octets += rune.Utf8SequenceLength;
            if (octets > MaxText)
            {
                break;
            }

            kept.Append(rune.ToString());
        }

        return kept.ToString();
    }

    /// <summary>The ledger separates names by lines, and PostgreSQL has no zero in a text, and no half of a pair of surrogates.</summary>
    private static bool IsText(string name) => Encoding.UTF8.GetByteCount(name) <= MaxText && name.EnumerateRunes().All(rune => !Rune.IsControl(rune) && rune != Rune.ReplacementChar);
}
