using IoTPlatform.Contracts.Tenants;

namespace IoTPlatform.Provider.Portal;

/// <summary>JOIN keys that this page has just made. They live until the tenant's page is left, in no address and no store: who comes back to it, or loads it again, is shown none.</summary>
internal sealed class ShownJoinKeys
{
    private readonly Dictionary<string, PreparedTenant> _keys = new(StringComparer.Ordinal);

    public PreparedTenant? Of(string tenantId) => _keys.GetValueOrDefault(tenantId);

    public void Show(PreparedTenant prepared) => _keys[prepared.TenantId] = prepared;

    public void Forget(string tenantId) => _keys.Remove(tenantId);
}
