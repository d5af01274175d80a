using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A certificate as the API shows it.</summary>
public static class CertificateViews
{
    public static CertificateSummary Summary(CertificateRecord record) => new()
    {
        Serial = record.Serial,
        SerialHex = SerialNumber.ToHex(record.SerialNumber),
        Subject = record.Subject,
        Sans = record.Sans,
        Issuer = record.Issuer,
        Profile = record.Profile,
        Provisioner = record.Provisioner,
        Requester = record.Requester,
        NotBefore = record.NotBefore,
        NotAfter = record.NotAfter,
        RevokedAt = record.RevokedAt,
        ReasonCode = (int?)record.ReasonCode,
    };

    public static CertificateDetail Detail(CertificateRecord record) =>
        new() { Summary = Summary(record), RevocationReason = record.Reason, Pem = Pem.Certificate(record.Der) };
}
