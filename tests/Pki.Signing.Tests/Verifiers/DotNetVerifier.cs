using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki.Signing.Tests.Verifiers;

/// <summary>X509Chain, then the host name check of SslStream.</summary>
internal sealed class DotNetVerifier : IForeignVerifier
{
    public Task<IReadOnlyList<string?>> CheckAsync(Hierarchy pki, IReadOnlyList<HostCheck> checks) =>
        Task.FromResult<IReadOnlyList<string?>>([.. checks.Select(check => Check(pki, check))]);

    private static string? Check(Hierarchy pki, HostCheck check)
    {
        using var chain = new X509Chain
        {
            ChainPolicy =
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true,
                VerificationTime = pki.Now.UtcDateTime, VerificationTimeIgnored = false,
            },
        };
        chain.ChainPolicy.CustomTrustStore.Add(pki.Root.Certificate);
        foreach (var issuer in pki.AcmeChain.Intermediates)
        {
            chain.ChainPolicy.ExtraStore.Add(issuer);
        }

        if (!chain.Build(check.Leaf))
        {
            return string.Join(' ', chain.ChainStatus.Select(status => status.StatusInformation));
        }

        return check.Leaf.MatchesHostname(check.Host, allowWildcards: true, allowCommonName: true) ? null : "another host";
    }
}
