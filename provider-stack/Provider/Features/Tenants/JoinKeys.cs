using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Join;
using IoTPlatform.Provider.Startup;

namespace IoTPlatform.Provider.Features.Tenants;

/// <summary>Makes JOIN keys. The key itself lives only in the answer.</summary>
internal sealed class JoinKeys(ProviderOptions options, TimeProvider time)
{
    public (JoinKeyRow Row, PreparedTenant Answer) Create(TenantRow tenant)
    {
        var key = JoinKey.Create();
        var now = time.GetUtcNow();
        var row = new JoinKeyRow { KeyHash = JoinKey.TryHash(key)!, TenantId = tenant.TenantId, CreatedAt = now, ExpiresAt = now + JoinKey.Lifetime };
        return (row, new PreparedTenant
        {
            TenantId = tenant.TenantId,
            DisplayName = tenant.DisplayName,
            JoinKey = key,
            ExpiresAt = row.ExpiresAt,
            ProviderUrl = options.PublicUrl.AbsoluteUri.TrimEnd('/'),
            Hint = $"On the tenant's machine set PROVIDER_URL={options.PublicUrl.AbsoluteUri.TrimEnd('/')}, TENANT_ID={tenant.TenantId}, "
                + "JOIN_KEY=<the key, shown only now> and STEP_CA_FINGERPRINT=<this provider's root fingerprint>, then start the tenant stack.",
        });
    }
}
