using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.Tenant.Features.FirstBoot.Checks;

/// <summary>The Sub-CA certificate is installed, matches its key and chains to the trusted root, now.</summary>
internal sealed class SubCaCertificateCheck(JoinFiles files, ProviderLink provider, SubCaAtBoot subCa, TimeProvider time) : IFirstBootCheck
{
    public string Name => "sub-ca-certificate";

    public Task<string?> InspectAsync(CancellationToken cancellationToken) => Task.FromResult(Inspect());

    public Task FixAsync(CancellationToken cancellationToken) => subCa.IsInstalled ? WaitForTheClockAsync() : Task.Run(Install, cancellationToken);

    private void Install()
    {
        var bundle = files.ReadBundle()!;
        using var root = provider.TrustedRoot()!;
        subCa.Install(bundle.SignedCert, bundle.CaChain, Fingerprint.Sha256Hex(root.RawDataMemory.Span));
    }

    private string? Inspect()
    {
        if (!subCa.IsInstalled)
        {
            return "no Sub-CA certificate is installed";
        }

        var verified = Verify();
        if (verified.IsValid)
        {
            return null;
        }

        return verified.WrongTime is not null
            ? $"the Sub-CA certificate is {verified.Reason} by this machine's clock"
            : throw new StartupException($"the Sub-CA certificate cannot be used: {verified.Reason}. Restore {files.Folder} and the Sub-CA from the same backup");
    }

    /// <summary>A wrong clock is waited for. A Sub-CA that has expired by the provider's clock too is the operator's.</summary>
    private async Task WaitForTheClockAsync()
    {
        if (Verify() is not { WrongTime: { } period } verified)
        {
            return;
        }

        var difference = await provider.ClockDifferenceAsync();
        if (difference is { } known && time.GetUtcNow() + known > period.NotAfter)
        {
            throw new StartupException($"the Sub-CA certificate {verified.Reason}, by the provider's clock too. Ask the provider's admin for a new JOIN key (iot tenants replace-key {files.ReadBundle()!.TenantId}) and start with it on this data folder; devices whose certificates ended with it enrol again");
        }

        throw new ProviderBusyException($"the Sub-CA certificate is {verified.Reason}; {await provider.ClocksAsync()}");
    }

    private ChainVerification Verify()
    {
        using var root = provider.TrustedRoot()!;
        return ChainVerifier.Verify(subCa.Issuers.Active.Certificate, subCa.Issuers.Chain.Certificates, [root], CertificatePurpose.CertificateAuthority, time.GetUtcNow());
    }
}
