using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.Tenant.Features.FirstBoot.Checks;

/// <summary>The database is this tenant's: a connection string that points at another tenant's would mix two fleets.</summary>
internal sealed class DatabaseOwnerCheck(JoinFiles files, ProviderLink provider, IdentityStore identity) : IFirstBootCheck
{
    public string Name => "database-owner";

    public async Task<string?> InspectAsync(CancellationToken cancellationToken)
    {
        var owner = await identity.FindAsync(cancellationToken);
        if (owner is null)
        {
            return "the database belongs to nobody yet";
        }

        var (tenantId, root) = Ours();
        return owner.TenantId == tenantId && owner.RootFingerprint == root
            ? null
            : throw new StartupException($"the database belongs to tenant '{owner.TenantId}' of the provider with root {owner.RootFingerprint}; this data folder to tenant '{tenantId}' of {root}");
    }

    public Task FixAsync(CancellationToken cancellationToken)
    {
        var (tenantId, root) = Ours();
        return identity.ClaimAsync(tenantId, root, cancellationToken);
    }

    private (string TenantId, string Root) Ours()
    {
        using var root = provider.TrustedRoot()!;
        return (files.ReadBundle()!.TenantId, Fingerprint.Sha256Hex(root.RawDataMemory.Span));
    }
}
