using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Audit;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Pki;

namespace IoTPlatform.Client;

/// <summary>The provider's own API. Every call throws <see cref="ApiException"/> (refused) or <see cref="UnreachableException"/> (no answer).</summary>
public sealed class ProviderClient(HttpClient http, TimeProvider? time = null) : PlatformClient(http, time)
{
    public const string JoinKeyHeader = "X-Join-Key";

    public static ProviderClient Create(Uri baseUrl, ServerVerifier server, X509Certificate2? client = null, TimeSpan? timeout = null) =>
        new(PlatformHttp.Create(baseUrl, server, client, timeout ?? PlatformHttp.DefaultTimeout));

    public Task<PreparedTenant> PrepareTenantAsync(PrepareTenantRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "portal/admin/tenants/prepare", request, ContractsJson.Default.PrepareTenantRequest, ContractsJson.Default.PreparedTenant, cancellationToken);

    public Task<Page<TenantSummary>> ListTenantsAsync(string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query.Build("portal/admin/tenants", ("cursor", cursor), ("limit", Query.Of(limit))), ContractsJson.Default.PageTenantSummary, cancellationToken);

    public Task<TenantDetail> GetTenantAsync(string tenantId, CancellationToken cancellationToken = default) =>
        GetAsync(Tenant(tenantId), ContractsJson.Default.TenantDetail, cancellationToken);

    /// <summary>Newest first; also of a tenant that was removed.</summary>
    public Task<Page<TenantEventView>> ListTenantEventsAsync(string tenantId, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query.Build(Tenant(tenantId) + "/events", ("cursor", cursor), ("limit", Query.Of(limit))), ContractsJson.Default.PageTenantEventView, cancellationToken);

    /// <summary>Revokes the tenant's JOIN key and answers a new one.</summary>
    public Task<PreparedTenant> ReplaceJoinKeyAsync(string tenantId, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, Tenant(tenantId) + "/join-key", ContractsJson.Default.PreparedTenant, cancellationToken);

    public Task RevokeJoinKeyAsync(string tenantId, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, Tenant(tenantId) + "/join-key", cancellationToken);

    /// <summary>Undoes everything JOIN created.</summary>
    public Task RemoveTenantAsync(string tenantId, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, Tenant(tenantId), cancellationToken);

    /// <summary>Ends the tenant's way to the broker, and its live connections.</summary>
    public Task SuspendTenantAsync(string tenantId, string reason, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Post, Tenant(tenantId) + "/suspend", new SuspendTenantRequest { Reason = reason },
            ContractsJson.Default.SuspendTenantRequest, cancellationToken);

    public Task ResumeTenantAsync(string tenantId, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, Tenant(tenantId) + "/resume", cancellationToken);

    public Task ChangePlanAsync(string tenantId, string plan, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Post, Tenant(tenantId) + "/plan", new ChangePlanRequest { Plan = plan },
            ContractsJson.Default.ChangePlanRequest, cancellationToken);

    /// <summary>What is not at the broker as it should be.</summary>
    public Task<BrokerCheck> CheckBrokerAsync(string tenantId, CancellationToken cancellationToken = default) =>
        GetAsync(Tenant(tenantId) + "/broker", ContractsJson.Default.BrokerCheck, cancellationToken);

    /// <summary>Repairs it, and returns the repaired differences.</summary>
    public Task<BrokerCheck> RepairBrokerAsync(string tenantId, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, Tenant(tenantId) + "/broker/repair", ContractsJson.Default.BrokerCheck, cancellationToken);

    /// <summary>Stored telemetry, newest first: at or after <paramref name="from"/>, before <paramref name="before"/>.</summary>
    public Task<Page<TelemetryRecord>> ListTelemetryAsync(
        string tenantId, string? device = null, DateTimeOffset? from = null, DateTimeOffset? before = null, string? cursor = null, int? limit = null, string? stream = null, CancellationToken cancellationToken = default) =>
        GetAsync(
            Query.Build(Tenant(tenantId) + "/telemetry", ("device", device), ("stream", stream), ("from", Query.Of(from)), ("before", Query.Of(before)), ("cursor", cursor), ("limit", Query.Of(limit))),
            TelemetryJson.Page, cancellationToken);

    /// <summary>Over the tenant's bridge, which refuses it unless the tenant allows commands of its provider.</summary>
    public Task<TenantCommandView> SendCommandAsync(string tenantId, string deviceId, SendCommandRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, Commands(tenantId, deviceId), request, ContractsJson.Default.SendCommandRequest, BridgeCommandJson.View, cancellationToken);

    /// <summary>Newest first.</summary>
    public Task<Page<TenantCommandView>> ListCommandsAsync(string tenantId, string deviceId, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query.Build(Commands(tenantId, deviceId), ("cursor", cursor), ("limit", Query.Of(limit))), BridgeCommandJson.Page, cancellationToken);

    public Task<TenantCommandView> GetCommandAsync(string tenantId, string deviceId, Guid id, CancellationToken cancellationToken = default) =>
        GetAsync($"{Commands(tenantId, deviceId)}/{id}", BridgeCommandJson.View, cancellationToken);

    private static string Commands(string tenantId, string deviceId) => $"{Tenant(tenantId)}/devices/{Uri.EscapeDataString(deviceId)}/commands";

    /// <summary>One attempt; the caller repeats on 503 after <see cref="ApiException.RetryAfter"/>.</summary>
    public Task<JoinBundle> JoinAsync(string joinKey, JoinRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Post, "portal/admin/join", request, ContractsJson.Default.JoinRequest, ContractsJson.Default.JoinBundle,
            cancellationToken, header: (JoinKeyHeader, joinKey));

    /// <summary>Where <see cref="ConfirmJoinAsync"/> posts to: the audience of the confirmation's proof.</summary>
    public Uri ConfirmUrl(string tenantId) => new(BaseUrl, Tenant(tenantId) + "/join-confirm");

    public Task ConfirmJoinAsync(string tenantId, JoinConfirmation confirmation, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, Tenant(tenantId) + "/join-confirm", confirmation, ContractsJson.Default.JoinConfirmation, cancellationToken);

    /// <summary>Approve-and-poll: asks to join without a key.</summary>
    public Task RequestJoinAsync(string tenantId, JoinRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"portal/admin/join-request/{Escape(tenantId)}", request, ContractsJson.Default.JoinRequest, cancellationToken);

    /// <summary>Where <see cref="GetJoinStatusAsync"/> asks: the audience of its proof.</summary>
    public Uri JoinStatusUrl(string tenantId) => new(BaseUrl, Tenant(tenantId) + "/join-status");

    /// <summary>One attempt: a proof is good for one call.</summary>
    /// <param name="tenantId">The tenant that asked to join.</param>
    /// <param name="proof">Proof JWT of the requested Sub-CA key.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<JoinRequestStatus> GetJoinStatusAsync(string tenantId, string proof, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Get, Tenant(tenantId) + "/join-status", ContractsJson.Default.JoinRequestStatus, cancellationToken, bearer: proof);

    /// <param name="tenantId">Whose request.</param>
    /// <param name="subCaKeySha256">The key that was compared: another one that asked meanwhile is refused. Null: whatever asks.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task ApproveJoinRequestAsync(string tenantId, string? subCaKeySha256 = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, Query.Build($"portal/admin/join-request/{Escape(tenantId)}/approve", ("sub_ca_key_sha256", subCaKeySha256)), cancellationToken);

    public Task RejectJoinRequestAsync(string tenantId, string reason, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Post, $"portal/admin/join-request/{Escape(tenantId)}/reject", new RejectJoinRequest { Reason = reason },
            ContractsJson.Default.RejectJoinRequest, cancellationToken);

    /// <summary>Where <see cref="RotateSubCaAsync"/> posts to: the audience of its proof.</summary>
    public Uri RotateUrl(string tenantId) => new(BaseUrl, Tenant(tenantId) + "/sub-ca/rotate");

    public Task<RotatedSubCa> RotateSubCaAsync(string tenantId, RotateSubCaRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Post, Tenant(tenantId) + "/sub-ca/rotate", request,
            ContractsJson.Default.RotateSubCaRequest, ContractsJson.Default.RotatedSubCa, cancellationToken);

    /// <summary>Where <see cref="RetireOtherSubCasAsync"/> posts to: the audience of its proof.</summary>
    public Uri RetireUrl(string tenantId) => new(BaseUrl, Tenant(tenantId) + "/sub-ca/retire");

    /// <summary>mTLS with the bridge certificate; no Sub-CA vouches for it.</summary>
    public Task<RotatedSubCa> ReissueSubCaAsync(string tenantId, ReissueSubCaRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Post, Tenant(tenantId) + "/sub-ca/reissue", request, ContractsJson.Default.ReissueSubCaRequest, ContractsJson.Default.RotatedSubCa, cancellationToken);

    /// <summary>Has every Sub-CA of the tenant revoked but the one whose key made the proof. Idempotent.</summary>
    public Task RetireOtherSubCasAsync(string tenantId, JoinConfirmation proof, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, Tenant(tenantId) + "/sub-ca/retire", proof, ContractsJson.Default.JoinConfirmation, cancellationToken);

    /// <summary>Who the provider takes the caller for. Needs a client made with the current bridge certificate.</summary>
    public Task<PlatformView> GetPlatformAsync(CancellationToken cancellationToken = default) =>
        GetAsync("portal/admin/platform", ContractsJson.Default.PlatformView, cancellationToken);

    /// <summary>Needs a client made with the current bridge certificate.</summary>
    public Task<RenewedBridge> RenewBridgeAsync(string tenantId, RenewBridgeRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Post, Tenant(tenantId) + "/bridge/renew", request,
            ContractsJson.Default.RenewBridgeRequest, ContractsJson.Default.RenewedBridge, cancellationToken);

    /// <summary>Needs a client made with the current bridge certificate. Gives the tenant's head and gets the provider's.</summary>
    public Task<AuditHead> AnchorAuditAsync(string tenantId, AuditHead head, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, Tenant(tenantId) + "/bridge/audit-head", head, ContractsJson.Default.AuditHead, ContractsJson.Default.AuditHead, cancellationToken);

    /// <summary>Needs a client made with the current bridge certificate.</summary>
    public Task<UplinkCheckpoint> RecordUplinkAsync(string tenantId, UplinkProgress progress, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, Tenant(tenantId) + "/bridge/uplink", progress, ContractsJson.Default.UplinkProgress, ContractsJson.Default.UplinkCheckpoint, cancellationToken);

    /// <summary>Where <see cref="ReissueBridgeAsync"/> posts to: the audience of its proof.</summary>
    public Uri ReissueBridgeUrl(string tenantId) => new(BaseUrl, Tenant(tenantId) + "/bridge/reissue");

    /// <summary>For a bridge certificate that has expired: the proof of a valid Sub-CA key stands in for it.</summary>
    public Task<RenewedBridge> ReissueBridgeAsync(string tenantId, ReissueBridgeRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Post, Tenant(tenantId) + "/bridge/reissue", request,
            ContractsJson.Default.ReissueBridgeRequest, ContractsJson.Default.RenewedBridge, cancellationToken);

    /// <summary>Needs a client made with the current bridge certificate. Returns once the platform's bus has them.</summary>
    public Task ForwardEventsAsync(string tenantId, ForwardedEvents events, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, Tenant(tenantId) + "/events", events, ContractsJson.Default.ForwardedEvents, cancellationToken);

    /// <summary>The types of events that have a subscriber now.</summary>
    public Task<SubscribedEvents> ListSubscribedEventsAsync(string tenantId, CancellationToken cancellationToken = default) =>
        GetAsync(Tenant(tenantId) + "/events/subscriptions", ContractsJson.Default.SubscribedEvents, cancellationToken);

    /// <summary>Makes the provider's realm at its identity provider so.</summary>
    public Task<InitializedIdentity> InitIdentityAsync(InitIdentityRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Post, "portal/admin/identity/init", request,
            ContractsJson.Default.InitIdentityRequest, ContractsJson.Default.InitializedIdentity, cancellationToken);

    /// <summary>Accounts with what proves them, for Keycloak. Needs the operator's key.</summary>
    public Task<ExportedRealm> ExportIdentityAsync(CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "portal/admin/identity/export", ContractsJson.Default.ExportedRealm, cancellationToken);

    /// <summary>Federation of a joined tenant, later than its JOIN or anew. Idempotent.</summary>
    public Task<FederationCredentials> ConfigureFederationAsync(string tenantId, ConfigureFederationRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Post, Tenant(tenantId) + "/federation", request,
            ContractsJson.Default.ConfigureFederationRequest, ContractsJson.Default.FederationCredentials, cancellationToken);

    /// <summary>Needs a client made with the current bridge certificate.</summary>
    public Task<FederationCredentials> GetFederationAsync(string tenantId, CancellationToken cancellationToken = default) =>
        GetAsync(Tenant(tenantId) + "/federation", ContractsJson.Default.FederationCredentials, cancellationToken);

    /// <summary>As <see cref="GetFederationAsync"/>, after telling where the tenant's portal is, and that its Keycloak is not any more. Idempotent.</summary>
    public Task<FederationCredentials> MovePortalAsync(string tenantId, Uri portalUrl, bool keycloakGivenUp, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Put, Tenant(tenantId) + "/federation/portal", new MoveTenantPortalRequest { PortalUrl = portalUrl.AbsoluteUri, KeycloakGivenUp = keycloakGivenUp },
            ContractsJson.Default.MoveTenantPortalRequest, ContractsJson.Default.FederationCredentials, cancellationToken);

    public Task<FederationCredentials> RotateFederationSecretAsync(string tenantId, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, Tenant(tenantId) + "/federation/rotate-secret", ContractsJson.Default.FederationCredentials, cancellationToken);

    private static string Tenant(string tenantId) => $"portal/admin/tenants/{Escape(tenantId)}";
}
