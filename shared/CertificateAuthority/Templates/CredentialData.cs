using System.Globalization;
using System.Numerics;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>The certificate of a credential as templates see it: Go's x509.Certificate.</summary>
internal static class CredentialData
{
    public static GoStruct Of(byte[] der)
    {
        using var certificate = X509CertificateLoader.LoadCertificate(der);
        var names = SubjectNames.FromForeign(certificate);
        return new GoStruct(
            "*x509.Certificate",
            Field("Raw", Convert.ToBase64String(der)),
            Field("SerialNumber", new BigInteger(certificate.SerialNumberBytes.Span, isUnsigned: true, isBigEndian: true).ToString(CultureInfo.InvariantCulture)),
            Field("Subject", SubjectData.Of("pkix.Name", SubjectAttributes.Read(certificate.SubjectName.RawData))),
            Field("Issuer", SubjectData.Of("pkix.Name", SubjectAttributes.Read(certificate.IssuerName.RawData))),
            Field("NotBefore", certificate.NotBeforeUtc()),
            Field("NotAfter", certificate.NotAfterUtc()),
            Field("DNSNames", RequestData.Texts(names.Dns)),
            Field("EmailAddresses", RequestData.Texts(names.Emails)),
            Field("IPAddresses", RequestData.Texts(names.Ip.Select(address => address.ToString()))),
            Field("URIs", RequestData.Texts(names.Uris)));
    }

    private static GoField Field(string name, object? value) => new(name, name, value);
}
