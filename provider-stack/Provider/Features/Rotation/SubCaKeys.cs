using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Features.Certificates;

namespace IoTPlatform.Provider.Features.Rotation;

/// <summary>The keys that speak for a tenant.</summary>
internal sealed class SubCaKeys(TenantCertificates certificates)
{
    /// <summary>SubjectPublicKeyInfo of every Sub-CA certificate that is neither expired nor revoked, newest first.</summary>
    public async Task<IReadOnlyList<byte[]>> ValidAsync(string tenantId, CancellationToken cancellationToken) =>
        [.. (await certificates.ValidAsync(tenantId, Profiles.TenantSubCa, cancellationToken)).Select(c => PublicKeyOf(c.Der))];

    public static byte[] PublicKeyOf(byte[] der)
    {
        using var certificate = X509CertificateLoader.LoadCertificate(der);
        return certificate.PublicKey.ExportSubjectPublicKeyInfo();
    }
}
