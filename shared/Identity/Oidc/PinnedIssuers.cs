using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Identity.Oidc;

/// <summary>
/// Accepts a server only if every CA of its chain is in a file. A root alone would not do: under the platform's root there are the
/// tenants' Sub-CAs, and one tenant could certify another's identity provider.
/// </summary>
internal sealed class PinnedIssuers
{
    private readonly X509Certificate2Collection _allowed = [];

    private PinnedIssuers()
    {
    }

    public static void Apply(SslClientAuthenticationOptions tls, string caFile)
    {
        var pinned = new PinnedIssuers();
        pinned._allowed.ImportFromPemFile(caFile);
        tls.CertificateChainPolicy = pinned.Policy();
        tls.RemoteCertificateValidationCallback = (sender, certificate, chain, errors) => IssuerServer.IsNamed(sender, certificate, errors) && pinned.Cover(chain!);
    }

    private X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.AddRange(_allowed);
        policy.ExtraStore.AddRange(_allowed);
        return policy;
    }

    private bool Cover(X509Chain chain) =>
        chain.ChainElements.Skip(1).All(element => _allowed.Any(ca => ca.RawDataMemory.Span.SequenceEqual(element.Certificate.RawDataMemory.Span)));
}
