using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.CertificateAuthority.Tests;

public static class Https
{
    /// <summary>Trusts one root; checks the host name; downloads nothing.</summary>
    public static HttpClient Client(Uri url, X509Certificate2 root, X509Certificate2? certificate = null)
    {
        var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { root },
                    RevocationMode = X509RevocationMode.NoCheck,
                    DisableCertificateDownloads = true,
                },
            },
        };
        if (certificate is not null)
        {
            // offline: the client's own TLS stack must not look for its issuers.
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        }

        return new HttpClient(handler) { BaseAddress = url, Timeout = TimeSpan.FromSeconds(60) };
    }
}
