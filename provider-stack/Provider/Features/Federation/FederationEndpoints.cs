using System.Security.Claims;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Bridge;
using IoTPlatform.Provider.Features.Certificates;
using IoTPlatform.Provider.Features.Join;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Federation;

/// <summary>A tenant's federation after its JOIN: configured later or anew, and its secret replaced. Safe to repeat when the identity provider was down.</summary>
internal static class FederationEndpoints
{
    public static void MapFederation(this IEndpointRouteBuilder app)
    {
        app.MapGet("/portal/admin/tenants/{tenantId}/federation", FetchAsync).RequireAuthorization(ClientCertificateDefaults.BridgePolicy);
        app.MapPut("/portal/admin/tenants/{tenantId}/federation/portal", MovePortalAsync).RequireAuthorization(ClientCertificateDefaults.BridgePolicy);
        app.MapPost("/portal/admin/tenants/{tenantId}/federation", ConfigureAsync).RequireAuthorization(Policies.Admin);
        app.MapPost("/portal/admin/tenants/{tenantId}/federation/rotate-secret", RotateAsync).RequireAuthorization(FederationChanges.Policy);
    }

    /// <summary>For the tenant itself, with its bridge certificate: what it signs in with now, after whatever was replaced since its JOIN.</summary>
    private static async Task<Ok<FederationCredentials>> FetchAsync(
        string tenantId, HttpContext context, ProviderDb db, FederationSecrets secrets, IFederationProvisioner federation, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        BridgeCaller.RequireTenant(context.User, tenantId);
        await StandingJoin.RequireAsync(db, tenantId, cancellationToken);
        return Answer(context, federation, tenantId, await SecretOfCallerAsync(tenantId, JoinOfCaller(context), secrets, cancellationToken));
    }

    /// <summary>For the tenant itself: where its portal takes logins now. Its client leads there, unless the tenant has a Keycloak and keeps it.</summary>
    private static async Task<Ok<FederationCredentials>> MovePortalAsync(
        string tenantId, MoveTenantPortalRequest request, HttpContext context, ProviderDb db, TenantLocks locks,
        FederationSecrets secrets, FederationReconciliation reconciliation, IFederationProvisioner federation, TimeProvider time, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        BridgeCaller.RequireTenant(context.User, tenantId);
        var url = JoinFields.PortalUrl(request.PortalUrl);
        var caller = JoinOfCaller(context);
        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        var (join, _) = await StandingJoin.RequireAsync(db, tenantId, cancellationToken);
        // A JOIN that is not confirmed moves nothing.
        var keycloak = request.KeycloakGivenUp ? null : join.KeycloakUrl;
        if (join.JoinId == caller && join.ConfirmedAt is not null && (join.PortalUrl != url || join.KeycloakUrl != keycloak))
        {
            await db.RunAuditedAsync(async () =>
            {
                await db.Joins.Where(j => j.JoinId == caller).ExecuteUpdateAsync(s => s.SetProperty(j => j.PortalUrl, url).SetProperty(j => j.KeycloakUrl, keycloak), cancellationToken);
                await FederationDecisions.DueAsync(db, tenantId, time.GetUtcNow(), cancellationToken);
                return new AuditEntry("tenant:" + tenantId, "federation.portal_moved", tenantId, AuditDetails.Of(("portal_url", url), ("keycloak_url", keycloak)));
            }, cancellationToken);
            await reconciliation.TryReconcileAsync(tenantId, cancellationToken);
        }

        return Answer(context, federation, tenantId, await SecretOfCallerAsync(tenantId, caller, secrets, cancellationToken));
    }

    private static Guid JoinOfCaller(HttpContext context) => JoinLineage.Parse(context.User.FindFirstValue(ClientCertificateDefaults.LineageClaim)) ?? throw BridgeCaller.Refusal();

    // An unconfirmed JOIN does not get the secret of the current one.
    private static async Task<string> SecretOfCallerAsync(string tenantId, Guid join, FederationSecrets secrets, CancellationToken cancellationToken) =>
        await secrets.OfJoinAsync(tenantId, join, cancellationToken) ?? await secrets.EnsureAsync(tenantId, cancellationToken);

    private static async Task<Ok<FederationCredentials>> ConfigureAsync(
        string tenantId, ConfigureFederationRequest request, HttpContext context, ProviderDb db, TenantLocks locks,
        FederationSecrets secrets, IFederationProvisioner federation, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        var url = JoinFields.KeycloakUrl(request.KeycloakUrl);
        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        var (join, suspended) = await StandingJoin.RequireAsync(db, tenantId, cancellationToken);
        await db.RunAuditedAsync(async () =>
        {
            await db.Joins.Where(j => j.JoinId == join.JoinId).ExecuteUpdateAsync(s => s.SetProperty(j => j.KeycloakUrl, url), cancellationToken);
            return new AuditEntry(Caller.Of(context.User), "federation.configured", tenantId, AuditDetails.Of(("keycloak_url", url)));
        }, cancellationToken);
        join.KeycloakUrl = url;
        var secret = await secrets.EnsureAsync(tenantId, cancellationToken);
        await federation.EnsureClientAsync(FederationClient.Of(tenantId, secret, join), suspended, cancellationToken);
        return Answer(context, federation, tenantId, secret);
    }

    private static async Task<Ok<FederationCredentials>> RotateAsync(
        string tenantId, HttpContext context, FederationChanges changes, IFederationProvisioner federation, CancellationToken cancellationToken) =>
        Answer(context, federation, tenantId, await changes.RotateSecretAsync(tenantId, Caller.Of(context.User), cancellationToken));

    private static Ok<FederationCredentials> Answer(HttpContext context, IFederationProvisioner federation, string tenantId, string secret)
    {
        return TypedResults.Ok(new FederationCredentials
        {
            CdmIdpClientId = FederationClient.IdOf(tenantId),
            CdmIdpClientSecret = secret,
            CdmDiscoveryUrl = federation.DiscoveryUrl.AbsoluteUri,
        });
    }
}
