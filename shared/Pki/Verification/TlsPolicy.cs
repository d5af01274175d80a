using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>Chain policies for TLS.</summary>
public static class TlsPolicy
{
    /// <summary>No roots to trust and no downloads: the chain SslStream insists on building decides nothing and costs next to nothing.</summary>
    public static X509ChainPolicy JudgedElsewhere() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
        VerificationFlags = X509VerificationFlags.AllFlags,
    };
}
