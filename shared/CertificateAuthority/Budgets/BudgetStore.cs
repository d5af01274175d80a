using System.Globalization;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Contracts.Certificates;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Budgets;

/// <summary>How far budgets are used up, and the endpoints that they count.</summary>
internal sealed class BudgetStore(NpgsqlDataSource database, EndpointTotals totals, ProvisionerRegistry provisioners, CertificateAuthorityOptions options, TimeProvider time)
{
    /// <summary>Counts the active endpoints of those that have a budget of them, and forgets what was counted in spans that are over.</summary>
    public async Task CountEndpointsAsync(CancellationToken cancellationToken)
    {
        string[] counted = [.. Known().Where(budget => budget.Span == IssuanceBudget.Endpoints).Select(budget => budget.Scope[(IssuanceBudget.Endpoints.Length + 1)..])];
        await totals.CountAsync(counted, cancellationToken);
        await Outage.GuardAsync(async () =>
        {
            await using var command = database.CreateCommand("SELECT ca.forget_counts($1, $2)");
            command.Parameters.AddWithValue(time.GetUtcNow());
            command.Parameters.AddWithValue(counted);
            return await command.ExecuteNonQueryAsync(cancellationToken);
        });
    }

    /// <summary>Those of the stack first, then by provisioner; endpoints as they were counted last. Those of a credential or an address are not among them.</summary>
    public async Task<IReadOnlyList<BudgetView>> ListAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var budgets = Known();
        var used = await UsedAsync(budgets, now, cancellationToken);
        return [.. budgets.Select((budget, index) => new BudgetView
        {
            Provisioner = budget.Scope[(budget.Span.Length + 1)..] is var of && of.StartsWith("provisioner/", StringComparison.Ordinal) ? of["provisioner/".Length..] : of.Length == 0 ? null : of,
            Span = budget.Span,
            Most = budget.Most,
            Used = used[index],
            ResetsAt = ResetsAt(budget.Span, now),
        })];
    }

    /// <summary>What a tenant was given this month, by a plan that counts it.</summary>
    public async Task<int> UsedByTenantAsync(string tenant, CancellationToken cancellationToken) =>
        (await UsedAsync([IssuanceBudget.MonthOf(tenant, 1)], time.GetUtcNow(), cancellationToken))[0];

    private List<IssuanceBudget> Known() =>
        [.. options.Budget.All(byNames: false), .. provisioners.All.OrderBy(provisioner => provisioner.Name, StringComparer.Ordinal).SelectMany(provisioner => provisioner.Options.Limits.Of(provisioner))];

    private Task<int[]> UsedAsync(IReadOnlyList<IssuanceBudget> budgets, DateTimeOffset now, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(
            """
            SELECT array_agg(CASE WHEN b.span = 'endpoints' THEN coalesce((SELECT n.active FROM ca.endpoint_totals n WHERE n.provisioner = substr(b.scope, length('endpoints:') + 1)), 0)
              ELSE coalesce((SELECT n.issued FROM ca.issuance_counts n WHERE n.scope = b.scope AND n.began >= date_trunc(b.span, $1, 'UTC')), 0) END ORDER BY b.ord)
            FROM unnest($2, $3) WITH ORDINALITY AS b (scope, span, ord)
            """);
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(budgets.Select(budget => budget.Scope).ToArray());
        command.Parameters.AddWithValue(budgets.Select(budget => budget.Span).ToArray());
        return await command.ExecuteScalarAsync(cancellationToken) as int[] ?? [];
    });

    private static DateTimeOffset? ResetsAt(string span, DateTimeOffset now) => span switch
    {
        IssuanceBudget.Hour => new DateTimeOffset(now.Year, now.Month, now.Day, now.Hour, 0, 0, TimeSpan.Zero).AddHours(1),
        IssuanceBudget.Month => new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(1),
        _ => null,
    };
}
