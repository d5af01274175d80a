using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using IoTPlatform.CertificateAuthority.Budgets;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Broker;

/// <summary>What tenants may use, by the name of their plan.</summary>
internal sealed partial class TenantPlans
{
    /// <summary>Of a tenant for which nothing else was said.</summary>
    public const string Standard = "standard";

    /// <summary>A bridge certificate lives for a year.</summary>
    private const int DefaultCertificatesPerHour = 60;

    private readonly ImmutableSortedDictionary<string, TenantPlan> _plans;

    private TenantPlans(ImmutableSortedDictionary<string, TenantPlan> plans) => _plans = plans;

    public static TenantPlans Default { get; } = Parse(["small=2/20", "standard=10/100", "large=100/1000"]);

    /// <param name="entries">Each <c>name=connections/sessions</c>, and behind it <c>/certificates per hour</c> or <c>/certificates per hour:per month</c>, and <c>/messages/bytes</c> per second; one of them is <c>standard</c>.</param>
    /// <exception cref="FormatException">Says which entry is wrong, and how.</exception>
    public static TenantPlans Parse(IEnumerable<string> entries)
    {
        var plans = ImmutableSortedDictionary.CreateBuilder<string, TenantPlan>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (Entry().Match(entry) is not { Success: true } match)
            {
                throw new FormatException($"{entry} is not name=connections/sessions, name=connections/sessions/certificates, name=connections/sessions/certificates:a month or name=connections/sessions/certificates/messages/bytes, for example standard=10/100");
            }

            var limits = new BrokerLimits(Number(match, "connections"), Number(match, "sessions"), BrokerLimits.Default.MaxMessageBytes);
            var certificates = match.Groups["certificates"].Success ? Number(match, "certificates") : DefaultCertificatesPerHour;
            var budget = match.Groups["messages"].Success ? new TelemetryBudget(Number(match, "messages"), Number(match, "bytes")) : null;
            int? perMonth = match.Groups["month"].Success ? Number(match, "month") : null;
            if (!plans.TryAdd(match.Groups["name"].Value, new TenantPlan(limits, certificates, perMonth, budget)))
            {
                throw new FormatException($"{match.Groups["name"].Value} is there twice");
            }
        }

        return plans.ContainsKey(Standard) ? new TenantPlans(plans.ToImmutable()) : throw new FormatException($"the plan {Standard} is missing");
    }

    public IEnumerable<string> Names => _plans.Keys;

    /// <summary>Tenants of a plan that was removed from the settings get the standard plan.</summary>
    public BrokerLimits LimitsOf(string plan) => Of(plan).Limits;

    /// <summary>Bridge and Sub-CA certificates that the provider renews or rotates for a tenant within an hour.</summary>
    public int CertificatesPerHourOf(string plan) => Of(plan).CertificatesPerHour;

    /// <summary>The same in a month of the calendar; null: any number.</summary>
    public int? CertificatesPerMonthOf(string plan) => Of(plan).CertificatesPerMonth;

    /// <summary>For an order of the tenant.</summary>
    public IReadOnlyList<IssuanceBudget> BudgetsOf(string tenantId, string plan) => CertificatesPerMonthOf(plan) is { } most ? [IssuanceBudget.MonthOf(tenantId, most)] : [];

    /// <summary>Null: without a bound of its own.</summary>
    public TelemetryBudget? BudgetOf(string plan) => Of(plan).Budget;

    /// <summary>Throws 400 <c>plan_unknown</c>.</summary>
    public string Require(string plan) => _plans.ContainsKey(plan)
        ? plan
        : throw new ProblemException(StatusCodes.Status400BadRequest, "plan_unknown", $"There is no such plan; there are: {string.Join(", ", _plans.Keys)}.");

    public TenantPlan Of(string plan) => _plans.GetValueOrDefault(plan) ?? _plans[Standard];

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex("^(?<name>[a-z0-9-]{1,32})=(?<connections>[1-9][0-9]{0,5})/(?<sessions>[1-9][0-9]{0,5})(/(?<certificates>[1-9][0-9]{0,5})(:(?<month>[1-9][0-9]{0,5}))?(/(?<messages>[1-9][0-9]{0,5})/(?<bytes>[1-9][0-9]{0,8}))?)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Timeout.Infinite)]
    private static partial Regex Entry();
}

/// <param name="Limits">At the broker.</param>
/// <param name="CertificatesPerHour">From the provider's CA, beside those of a JOIN.</param>
/// <param name="CertificatesPerMonth">The same in a month; null: any number.</param>
/// <param name="Budget">Of what its bridge sends up; null: without a bound of its own.</param>
internal sealed record TenantPlan(BrokerLimits Limits, int CertificatesPerHour, int? CertificatesPerMonth, TelemetryBudget? Budget);

/// <param name="MessagesPerSecond">Of the embedded broker; a batch counts as what is in it.</param>
/// <param name="BytesPerSecond">Of payload.</param>
internal sealed record TelemetryBudget(int MessagesPerSecond, int BytesPerSecond);

internal static class PlanEndpoint
{
    public static void MapPlan(this IEndpointRouteBuilder app) =>
        app.MapPost("/portal/admin/tenants/{tenantId}/plan", ChangeAsync).RequireAuthorization(PlanChange.Policy);

    private static async Task<NoContent> ChangeAsync(string tenantId, ChangePlanRequest request, HttpContext context, PlanChange change, CancellationToken cancellationToken)
    {
        await change.ChangeAsync(tenantId, request.Plan ?? "", Caller.Of(context.User), cancellationToken);
        return TypedResults.NoContent();
    }
}

/// <summary>Gives a tenant more, or less, of the broker.</summary>
internal sealed class PlanChange(ProviderDb db, TenantPlans plans, BrokerReconciliation reconciliation, TimeProvider time) : IGuarded
{
    public static string Policy => Policies.Admin;

    /// <summary>Throws 400 <c>plan_unknown</c>, 404 <c>tenant_not_found</c>.</summary>
    public async Task ChangeAsync(string tenantId, string plan, string admin, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        plans.Require(plan);
        var now = time.GetUtcNow();
        await db.RunAuditedAsync(async () =>
        {
            var changed = await db.Tenants.Where(t => t.TenantId == tenantId && t.Status != TenantStatus.Removing && t.Plan != plan).ExecuteUpdateAsync(
                s => s.SetProperty(t => t.Plan, plan).SetProperty(t => t.BrokerDueAt, now), cancellationToken);
            return changed == 0 ? null : new AuditEntry(admin, "tenant.plan_changed", tenantId, AuditDetails.Of(("plan", plan)));
        }, cancellationToken);
        await reconciliation.ReconcileNowAsync(tenantId, cancellationToken);
    }
}
