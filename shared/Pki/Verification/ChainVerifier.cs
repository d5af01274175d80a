using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>Path validation (RFC 5280 6.1) against given roots only: no system trust, no downloads, no revocation check.</summary>
public static class ChainVerifier
{
    public static ChainVerification Verify(
        X509Certificate2 leaf,
        IEnumerable<X509Certificate2> intermediates,
        IEnumerable<X509Certificate2> roots,
        CertificatePurpose purpose,
        DateTimeOffset at) => throw new NotImplementedException();
}
