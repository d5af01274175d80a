using IoTPlatform.Contracts.Join;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Features.Join.Checks;

/// <summary>The provider's bundle is on disk, complete and for our keys.</summary>
internal sealed class JoinedCheck(
    TenantOptions options, JoinFiles files, ProviderLink provider, SubCaAtBoot subCa, IdentityStore identity, JoinCall join, TimeProvider time) : IFirstBootCheck
{
    public string Name => "join";

    public Task<string?> InspectAsync(CancellationToken cancellationToken) => Task.FromResult(Inspect());

    private string? Inspect()
    {
        if (files.ReadBundle() is not { } bundle)
            return File.Exists(files.Bundle) ? "the join bundle on disk is damaged" : "not joined yet";
        if (options.TenantId is { } wanted && wanted != bundle.TenantId)
            throw new StartupException($"this data folder belongs to tenant '{bundle.TenantId}', but {TenantSettings.TenantId} says '{wanted}'");
        try
        {
            return subCa.IsInstalled ? null : Problem(bundle) is { } problem ? $"the join bundle on disk cannot be used: {problem}" : null;
        }
        catch (NotYetValidException e)
        {
            return e.Message;
        }
    }

    public async Task FixAsync(CancellationToken cancellationToken)
    {
        if ((await identity.FindAsync(cancellationToken))?.ConfirmedAt is not null)
            throw new StartupException($"{files.Bundle} is missing or damaged, and the provider hands it out only until it was confirmed. Restore it from a backup");
        var bundle = await join.RunAsync(cancellationToken);
        if (options.TenantId is { } wanted && wanted != bundle.TenantId)
            throw new StartupException($"the JOIN key is for tenant '{bundle.TenantId}', but {TenantSettings.TenantId} says '{wanted}'");
        await RequireUsableAsync(bundle);
        RequireNames(options, bundle);
        JoinRecord.Of(options).WriteTo(Path.GetDirectoryName(files.Bundle)!);
        files.WriteBundle(bundle);
    }

    /// <summary>Before the bundle is kept and the key spent: a Sub-CA that may not certify this host's names is of no use.</summary>
    public static void RequireNames(TenantOptions options, JoinBundle bundle)
    {
        using var certificate = Pem.ParseCertificate(bundle.SignedCert);
        if (NameConstraints.FromCertificate(certificate)?.Permits(options.CertifiedNames, out var name) == false)
            throw new StartupException(
                $"the provider's name constraints do not let this tenant certify {name} ({TenantSettings.Names}, {TenantSettings.PublicUrl}): the provider's own names and their neighbours are excluded, "
                + "and a tenant with declared domains has names in those only. Use another name, or ask the provider's admin to prepare the tenant with the domain declared. The JOIN key is not spent");
    }

    private async Task RequireUsableAsync(JoinBundle bundle)
    {
        try
        {
            if (Problem(bundle) is { } problem)
                throw new StartupException($"the provider's answer cannot be used: {problem}");
        }
        catch (NotYetValidException e)
        {
            throw new ProviderBusyException($"{e.Message}; {await provider.ClocksAsync()}", inner: e);
        }
    }

    private string? Problem(JoinBundle bundle)
    {
        using var root = provider.TrustedRoot()!;
        using var bridgeKey = files.ReadBridgeKey()!;
        return BundleVerifier.Problem(bundle, subCa.Key.SubjectPublicKeyInfo, bridgeKey.ExportSubjectPublicKeyInfo(), root, time.GetUtcNow());
    }
}
