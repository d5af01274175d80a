using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Join.Steps;
using IoTPlatform.Provider.Features.Proofs;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IoTPlatform.Provider.Features.Join;

internal static class JoinServices
{
    public static IServiceCollection AddJoin(this IServiceCollection services) => services
        .AddSingleton<JoinLimits>()
        .AddSingleton<TenantProofs>()
        .AddSingleton<JoinAbandonment>()
        .AddScoped<JoinKeyAuthenticator>()
        .AddScoped<JoinBinder>()
        .AddScoped<JoinRequests>()
        .AddScoped<JoinDecisions>()
        .AddScoped<JoinBundles>()
        .AddSingleton<IJoinStep, SignSubCaStep>()
        .AddSingleton<IJoinStep, BrokerStep>()
        .AddSingleton<IJoinStep, SignBridgeStep>()
        .AddSingleton<IJoinStep, FederationStep>();

    public static void MapJoinWorkflow(this IEndpointRouteBuilder app)
    {
        app.MapJoin();
        app.MapConfirmJoin();
        app.MapJoinStatus();
        app.MapJoinRequests();
    }
}

internal static class JoinStatusEndpoint
{
    private const int PollWhileUndecided = 10;
    private const int PollWhileRunning = 2;

    /// <summary>Anonymous for the router: the handler authenticates by the proof of the Sub-CA key, sent as a bearer token.</summary>
    public static void MapJoinStatus(this IEndpointRouteBuilder app) =>
        app.MapGet("/portal/admin/tenants/{tenantId}/join-status", StatusAsync).AllowAnonymous();

    private static async Task<Ok<JoinRequestStatus>> StatusAsync(
        string tenantId, HttpContext context, ProviderDb db, TenantProofs proofs, JoinBundles bundles, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        var (tenant, join) = await CurrentJoin.FindAsync(db, tenantId, cancellationToken) ?? throw TenantProofs.Refusal();
        await proofs.RequireAsync(BearerToken.Of(context.Request), tenantId, context.Request, [join.SubCaPublicKey], cancellationToken);
        var status = JoinRequests.StatusOf(tenant, join);
        return TypedResults.Ok(new JoinRequestStatus
        {
            TenantId = tenantId,
            Status = status,
            Reason = join.Reason,
            PollAfterSeconds = status switch { TenantStatus.Requested => PollWhileUndecided, TenantStatus.Joining => PollWhileRunning, _ => null },
            Bundle = tenant.Status == TenantStatus.Joined ? await bundles.ComposeAsync(join, cancellationToken) : null,
        });
    }
}
