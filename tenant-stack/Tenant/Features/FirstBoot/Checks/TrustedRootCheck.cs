using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Features.FirstBoot.Checks;

/// <summary>The provider's root is on disk and has the fingerprint the operator gave.</summary>
internal sealed class TrustedRootCheck(TenantOptions options, JoinFiles files, ProviderLink provider, SubCaAtBoot subCa) : IFirstBootCheck
{
    public string Name => "provider-root";

    public Task<string?> InspectAsync(CancellationToken cancellationToken) => Task.FromResult(Inspect());

    public async Task FixAsync(CancellationToken cancellationToken)
    {
        var fingerprint = options.RootFingerprint
            ?? throw new StartupException($"{TenantSettings.RootFingerprint} is missing: without the fingerprint of the provider's root nobody can tell the provider from an impostor. The provider's operator gets it with 'iot ca fingerprint'");
        using var root = await provider.FetchRootAsync(fingerprint, cancellationToken);
        JoinFiles.Write(files.TrustedRoot, Pem.Certificate(root.RawDataMemory.Span), AtomicFile.Public);
    }

    private string? Inspect()
    {
        using var root = provider.TrustedRoot();
        if (root is null)
        {
            return "the provider's root is not on disk";
        }

        var fingerprint = Fingerprint.Sha256Hex(root.RawDataMemory.Span);
        if (options.RootFingerprint is null || options.RootFingerprint == fingerprint)
        {
            return null;
        }

        return subCa.IsInstalled
            ? throw new StartupException($"this tenant has joined a provider with the root {fingerprint}, but {TenantSettings.RootFingerprint} says {options.RootFingerprint}: correct it, or start with an empty data folder to join another provider")
            : "the root on disk has another fingerprint";
    }
}
