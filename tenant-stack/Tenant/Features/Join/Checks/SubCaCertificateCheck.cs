using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.Tenant.Features.Join.Checks;

/// <summary>The Sub-CA certificate is installed, matches its key and chains to the trusted root, now.</summary>
internal sealed class SubCaCertificateCheck(JoinFiles files, ProviderLink provider, SubCaAtBoot subCa, TimeProvider time) : IFirstBootCheck
{
    public string Name => "sub-ca-certificate";

    public Task<string?> InspectAsync(CancellationToken cancellationToken) => Task.FromResult(Inspect());

    public Task FixAsync(CancellationToken cancellationToken)
    {
        var bundle = files.ReadBundle()!;
        using var root = provider.TrustedRoot()!;
        subCa.Install(bundle.SignedCert, bundle.CaChain, Fingerprint.Sha256Hex(root.RawDataMemory.Span));
        return Task.CompletedTask;
    }

    private string? Inspect()
    {
        if (!subCa.IsInstalled)
            return "no Sub-CA certificate is installed";
        using var root = provider.TrustedRoot()!;
        var certificate = subCa.Issuers.Active.Certificate;
        var verified = ChainVerifier.Verify(certificate, subCa.Issuers.Chain.Certificates, [root], CertificatePurpose.CertificateAuthority, time.GetUtcNow());
        return verified.IsValid
            ? null
            : throw new StartupException($"the Sub-CA certificate ({certificate.Subject}, valid until {certificate.NotAfterUtc():yyyy-MM-dd}) cannot be used: {verified.Reason}. Once it has expired, have the provider remove this tenant and join again");
    }
}
