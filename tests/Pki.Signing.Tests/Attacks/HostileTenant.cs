using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki.Signing.Tests;

/// <summary>The tenant "acme", which holds its Sub-CA key and signs what it likes with the BCL: no lint, no profiles.</summary>
internal static class HostileTenant
{
    public static X509Certificate2 Sign(Hierarchy pki, SubjectNames names, Action<CertificateRequest>? change = null, ECDsa? subjectKey = null)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Sign(pki, pki.Acme.Certificate, pki.AcmeKey, names, change ?? AsLeaf, subjectKey ?? own);
    }

    public static X509Certificate2 Sign(
        Hierarchy pki, X509Certificate2 issuer, ECDsa issuerKey, SubjectNames names, Action<CertificateRequest> change, ECDsa subjectKey)
    {
        var request = new CertificateRequest(new X500DistinguishedName($"CN={names.CommonName ?? "x"}"), subjectKey, HashAlgorithmName.SHA256);
        if (names.SanCount > 0)
        {
            var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
            GeneralNames.Write(writer, names);
            request.CertificateExtensions.Add(new X509Extension("2.5.29.17", writer.Encode(), critical: false));
        }

        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        change(request);
        return request.Create(
            issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), pki.Now.AddMinutes(-1), pki.Now.AddDays(1), Pki.SerialNumber.Create(DateTimeOffset.UnixEpoch));
    }

    public static void AsLeaf(CertificateRequest request)
    {
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(Oids.ServerAuth), new Oid(Oids.ClientAuth)], critical: false));
    }

    public static void AsCa(CertificateRequest request)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
    }
}
