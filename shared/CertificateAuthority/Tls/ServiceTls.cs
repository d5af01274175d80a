using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>The TLS side of one generation of the service certificate, made once and shared by all its connections.</summary>
internal sealed class ServiceTls
{
    public ServiceTls(X509Certificate2 certificate, X509Certificate2Collection issuers)
    {
        Certificate = certificate;
        Options = new SslServerAuthenticationOptions
        {
            // offline: the chain is what we give, nothing is fetched.
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, issuers, offline: true),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            AllowRenegotiation = false,
            ClientCertificateRequired = true,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = TlsPolicy.JudgedElsewhere(),
            // Asked for, not demanded, and not judged here: the handshake only proves that the caller has the key. LeafVerifier judges.
            RemoteCertificateValidationCallback = PresentedIssuers.Keep,
        };
    }

    public X509Certificate2 Certificate { get; }

    public SslServerAuthenticationOptions Options { get; }
}
