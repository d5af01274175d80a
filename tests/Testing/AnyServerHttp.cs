using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Testing;

/// <summary>A client of any server below given roots: for peers that are not the platform's and have no identity in it.</summary>
public static class AnyServerHttp
{
    public static HttpClient Create(Uri url, X509Certificate2Collection roots, X509Certificate2? client, TimeSpan timeout)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.AddRange(roots);
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, SslOptions = { CertificateChainPolicy = policy } };
        if (client is not null)
        {
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(client, additionalCertificates: null, offline: true);
        }

        return new HttpClient(handler) { BaseAddress = url, Timeout = timeout };
    }
}
