using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Features.FirstBoot.Checks;

/// <summary>The provider's bundle is on disk, complete and for our keys.</summary>
internal sealed class JoinedCheck(
    TenantOptions options, JoinFiles files, SubCaAtBoot subCa, IdentityStore identity, JoinCall join, BundleRules rules) : IFirstBootCheck
{
    public string Name => "join";

    public Task<string?> InspectAsync(CancellationToken cancellationToken) => Task.FromResult(Inspect());

    private string? Inspect()
    {
        if (files.ReadBundle() is not { } bundle)
        {
            return File.Exists(files.Bundle) ? "the join bundle on disk is damaged" : "not joined yet";
        }

        if (options.TenantId is { } wanted && wanted != bundle.TenantId)
        {
            throw new StartupException($"this data folder belongs to tenant '{bundle.TenantId}', but {TenantSettings.TenantId} says '{wanted}'");
        }

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
        {
            throw new StartupException($"{files.Bundle} is missing or damaged, and the provider hands it out only until it was confirmed. Restore it from a backup");
        }

        var bundle = await join.RunAsync(cancellationToken);
        if (options.TenantId is { } wanted && wanted != bundle.TenantId)
        {
            throw new StartupException($"the JOIN key is for tenant '{bundle.TenantId}', but {TenantSettings.TenantId} says '{wanted}'");
        }

        using var bridgeKey = files.ReadBridgeKey()!;
        await rules.RequireUsableAsync(bundle, bridgeKey);
        JoinRecord.Of(options).WriteTo(Path.GetDirectoryName(files.Bundle)!);
        files.WriteBundle(bundle);
    }

    private string? Problem(JoinBundle bundle)
    {
        using var bridgeKey = files.ReadBridgeKey()!;
        return rules.Problem(bundle, bridgeKey);
    }
}

/// <summary>The provider knows that everything arrived; that ends the JOIN key.</summary>
internal sealed class ConfirmedCheck(JoinFiles files, ProviderLink provider, SubCaAtBoot subCa, IdentityStore identity, TimeProvider time) : IFirstBootCheck
{
    public string Name => "confirm";

    public async Task<string?> InspectAsync(CancellationToken cancellationToken) =>
        (await identity.FindAsync(cancellationToken))?.ConfirmedAt is null ? "the provider does not know yet that the bundle arrived" : null;

    public async Task FixAsync(CancellationToken cancellationToken)
    {
        var tenantId = files.ReadBundle()!.TenantId;
        await provider.CallAsync(async client =>
        {
            var proof = KeyProof.Create(subCa.Key, tenantId, client.ConfirmUrl(tenantId), time);
            await client.ConfirmJoinAsync(tenantId, new JoinConfirmation { Proof = proof }, cancellationToken);
            return true;
        });
        await identity.ConfirmAsync(time.GetUtcNow(), cancellationToken);
    }
}

/// <summary>The bundle's files for other programs are there and say what the bundle says.</summary>
internal sealed class BundleFilesCheck(BundleFiles files) : IFirstBootCheck
{
    public string Name => "bundle-files";

    public Task<string?> InspectAsync(CancellationToken cancellationToken)
    {
        var stale = files.Stale();
        return Task.FromResult(stale.Count == 0 ? null : $"to be written: {string.Join(", ", stale.Select(f => f.Name))}");
    }

    public Task FixAsync(CancellationToken cancellationToken)
    {
        files.WriteStale();
        return Task.CompletedTask;
    }
}
