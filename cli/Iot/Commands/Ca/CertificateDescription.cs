using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.Iot;

/// <summary>A certificate as <c>iot ca inspect</c> shows it.</summary>
internal sealed record CertificateDescription
{
    public required string Subject { get; init; }
    public required string Issuer { get; init; }
    public required string Serial { get; init; }
    public required string SerialHex { get; init; }
    public required DateTimeOffset NotBefore { get; init; }
    public required DateTimeOffset NotAfter { get; init; }
    public required string Key { get; init; }
    public required IReadOnlyList<string> Sans { get; init; }
    public required IReadOnlyList<string> Extensions { get; init; }
    public required string FingerprintSha256 { get; init; }

    public static CertificateDescription Of(X509Certificate2 certificate) => new()
    {
        Subject = certificate.Subject,
        Issuer = certificate.Issuer,
        Serial = SerialNumber.ToDecimal(certificate.SerialNumberBytes.Span),
        SerialHex = SerialNumber.ToHex(certificate.SerialNumberBytes.Span),
        NotBefore = certificate.NotBeforeUtc(),
        NotAfter = certificate.NotAfterUtc(),
        Key = KeyText(certificate),
        Sans = [.. SubjectNames.FromCertificate(certificate).AllSans],
        Extensions = [.. certificate.Extensions.Select(ExtensionText.Of)],
        FingerprintSha256 = Fingerprint.Of(certificate),
    };

    private static string KeyText(X509Certificate2 certificate)
    {
        using var ec = certificate.GetECDsaPublicKey();
        if (ec is not null)
            return $"EC P-{ec.KeySize}";
        using var rsa = certificate.GetRSAPublicKey();
        return rsa is null ? certificate.PublicKey.Oid.FriendlyName ?? certificate.PublicKey.Oid.Value ?? "unknown" : $"RSA {rsa.KeySize}";
    }
}
