using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki;

/// <summary>Makes a CertificationRequest with a CN and, where there are any, alternative names.</summary>
internal static class CsrWriter
{
    private const string SubjectAltName = "2.5.29.17";

    public static string CreatePem(ECDsa key, SubjectNames names)
    {
        names.Validate();
        var algorithm = SignatureAlgorithms.ForIssuer(PublicKeyInfo.Parse(key.ExportSubjectPublicKeyInfo()).Kind);
        var subject = new X500DistinguishedNameBuilder();
        if (names.CommonName is { } commonName)
        {
            subject.AddCommonName(commonName);
        }

        var request = new CertificateRequest(subject.Build(), key, SignatureAlgorithms.Hash(algorithm));
        if (names.SanCount > 0)
        {
            var writer = new AsnWriter(AsnEncodingRules.DER);
            GeneralNames.Write(writer, names);
            request.CertificateExtensions.Add(new X509Extension(SubjectAltName, writer.Encode(), critical: false));
        }

        return request.CreateSigningRequestPem() + "\n";
    }
}
