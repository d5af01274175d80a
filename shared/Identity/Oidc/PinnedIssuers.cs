using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.Identity.Oidc;

/// <summary>
/// Accepts a server only if every CA of its chain is in a file, which is read at every handshake: a provider that has replaced its Intermediate CA is known by the
/// new one from then on, and by the former one no more. A root alone would not do: under the platform's root there are the tenants' Sub-CAs, and one tenant could
/// certify another's identity provider. Nor would the root where its Intermediate CA is in the file as well: a root of others signs servers of others, too.
/// </summary>
internal static class PinnedIssuers
{
    private const string ServerAuth = "1.3.6.1.5.5.7.3.1";

    /// <summary>Throws for a file that can't be read, or has no certificate in it.</summary>
    public static void Apply(SslClientAuthenticationOptions tls, string caFile)
    {
        Load(caFile);
        tls.CertificateChainPolicy = TlsPolicy.JudgedElsewhere();
        tls.RemoteCertificateValidationCallback = (sender, certificate, chain, errors) =>
            IssuerServer.IsNamed(sender, certificate, errors & ~SslPolicyErrors.RemoteCertificateChainErrors) && Cover(Load(caFile), (X509Certificate2)certificate!, chain!.ChainPolicy.ExtraStore);
    }

    private static X509Certificate2Collection Load(string caFile)
    {
        var allowed = new X509Certificate2Collection();
        allowed.ImportFromPemFile(caFile);
        return allowed.Count > 0 ? allowed : throw new CryptographicException($"{caFile} has no certificate in it.");
    }

    private static bool Cover(X509Certificate2Collection allowed, X509Certificate2 leaf, X509Certificate2Collection sent)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.ApplicationPolicy.Add(new Oid(ServerAuth));
        policy.CustomTrustStore.AddRange(allowed);
        policy.ExtraStore.AddRange(allowed);
        policy.ExtraStore.AddRange(sent);
        return chain.Build(leaf)
            && chain.ChainElements.Skip(1).All(element => allowed.Any(ca => ca.RawDataMemory.Span.SequenceEqual(element.Certificate.RawDataMemory.Span)))
            && (chain.ChainElements.Count > 2 || !allowed.Any(ca => ca.Subject != ca.Issuer && ca.Issuer == chain.ChainElements[^1].Certificate.Subject));
    }
}
