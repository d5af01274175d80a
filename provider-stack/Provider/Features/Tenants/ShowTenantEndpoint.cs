using IoTPlatform.CertificateAuthority.Budgets;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Certificates;
using IoTPlatform.Provider.Features.Federation;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Tenants;

internal static class ShowTenantEndpoint
{
    public static void MapShowTenant(this IEndpointRouteBuilder app) =>
        app.MapGet("/portal/admin/tenants/{tenantId}", ShowAsync).RequireAuthorization(TenantDetails.Policy);

    private static async Task<Ok<TenantDetail>> ShowAsync(string tenantId, TenantDetails details, CancellationToken cancellationToken) =>
        TypedResults.Ok(await details.RequireAsync(tenantId, cancellationToken));
}

/// <summary>Everything an operator may see of a tenant, read where it is true: CA store, broker, identity provider.</summary>
internal sealed class TenantDetails(
    ProviderDb db, TenantCertificates certificates, TenantPlans plans, CertificateBudgets budgets, IBrokerProvisioner broker, IFederationProvisioner federation,
    IEnumerable<IJoinStep> joinSteps, IEnumerable<IRemovalStep> removalSteps) : IGuarded
{
    public static string Policy => Policies.Viewer;

    /// <summary>Throws 404 <c>tenant_not_found</c>.</summary>
    public async Task<TenantDetail> RequireAsync(string tenantId, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        return await FindAsync(tenantId, cancellationToken) ?? throw await TenantIds.NotFoundAsync(db, tenantId, cancellationToken);
    }

    public async Task<TenantDetail?> FindAsync(string tenantId, CancellationToken cancellationToken)
    {
        if (await db.Tenants.AsNoTracking().SingleOrDefaultAsync(t => t.TenantId == tenantId, cancellationToken) is not { } tenant)
        {
            return null;
        }

        var join = await db.Joins.AsNoTracking().SingleOrDefaultAsync(j => j.JoinId == tenant.WorkflowId, cancellationToken);
        var steps = await db.JoinSteps.AsNoTracking().Where(s => s.WorkflowId == tenant.WorkflowId).ToListAsync(cancellationToken);
        var key = await db.JoinKeys.AsNoTracking().Open(tenantId).SingleOrDefaultAsync(cancellationToken);
        var valid = await certificates.ValidAsync(tenantId, profile: null, cancellationToken);
        var (messaging, brokerProblem) = await InspectBrokerAsync(tenantId, cancellationToken);
        var client = await federation.InspectAsync(tenantId, cancellationToken);
        return new TenantDetail
        {
            TenantId = tenant.TenantId,
            DisplayName = tenant.DisplayName,
            Status = tenant.Status,
            Plan = tenant.Plan,
            CertificatesPerMonth = plans.CertificatesPerMonthOf(tenant.Plan),
            CertificatesThisMonth = plans.CertificatesPerMonthOf(tenant.Plan) is null ? null : await budgets.UsedByTenantAsync(tenantId, cancellationToken),
            CreatedAt = tenant.CreatedAt,
            JoinKeyExpiresAt = key?.ExpiresAt,
            DnsDomains = tenant.DnsDomains,
            Steps = [.. Ordered(steps).Select(s => View(s, new WorkflowInput(tenant, join)))],
            SubCaSerials = [.. valid.Where(c => c.Profile == Profiles.TenantSubCa.Name).Select(c => c.Serial)],
            BridgeSerial = valid.FirstOrDefault(c => c.Profile == Profiles.MqttBridge.Name)?.Serial,
            SubCaKeySha256 = join is null ? null : Convert.ToHexStringLower(join.SubCaKeySha256),
            BrokerNamespace = messaging?.Namespace,
            BrokerLogin = messaging?.Login,
            BrokerProblem = brokerProblem,
            BridgeUpSince = tenant.BridgeUpSince,
            SuspendedAt = tenant.SuspendedAt,
            SuspendedReason = tenant.SuspendedReason,
            FederationClientId = client?.ClientId,
            KeycloakUrl = join?.KeycloakUrl,
        };
    }

    private JoinStepView View(JoinStepRow row, WorkflowInput input) => new()
    {
        Step = row.Step,
        Attempts = row.Attempts,
        CompletedAt = row.CompletedAt,
        DurationMs = row.DurationMs,
        LastError = row.LastError,
        Note = joinSteps.FirstOrDefault(step => step.Name == row.Step)?.NoteOn(input),
    };

    /// <summary>A broker that is down must not hide the rest.</summary>
    private async Task<(BrokerTenant? Tenant, string? Problem)> InspectBrokerAsync(string tenantId, CancellationToken cancellationToken)
    {
        try
        {
            return (await broker.InspectAsync(tenantId, cancellationToken), null);
        }
        catch (Exception e) when (e is DependencyDownException or ProblemException { Status: >= 500 })
        {
            return (null, e.Message);
        }
    }

    private IEnumerable<JoinStepRow> Ordered(List<JoinStepRow> steps)
    {
        var order = joinSteps.Concat<IWorkflowStep>(removalSteps).Select((step, index) => (step.Name, index)).ToDictionary(s => s.Name, s => s.index, StringComparer.Ordinal);
        return steps.OrderBy(s => order.GetValueOrDefault(s.Step, int.MaxValue));
    }
}
