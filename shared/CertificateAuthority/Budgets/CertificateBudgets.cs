using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Budgets;

/// <summary>How far the budgets of this authority are used up.</summary>
public sealed class CertificateBudgets : IGuarded
{
    private readonly BudgetStore _store;

    internal CertificateBudgets(BudgetStore store) => _store = store;

    public static string Policy => Policies.Viewer;

    public async Task<BudgetList> ListAsync(CancellationToken cancellationToken) => new() { Items = await _store.ListAsync(cancellationToken) };

    /// <summary>Certificates that a tenant was given this month, where its plan counts them.</summary>
    public Task<int> UsedByTenantAsync(string tenant, CancellationToken cancellationToken) => _store.UsedByTenantAsync(tenant, cancellationToken);
}
