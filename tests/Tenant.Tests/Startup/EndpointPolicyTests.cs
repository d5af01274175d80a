using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Identity;
using IoTPlatform.Identity.Portal;
using IoTPlatform.Tenant.Tests.Support;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Tenant.Tests.Startup;

public sealed class EndpointPolicyTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    private TestTenant Tenant => shared.Tenant;

    private IEnumerable<RouteEndpoint> Endpoints => Tenant.Running!.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>();

    [SkippableFact]
    public void Endpoints_Every_NamesAPolicyOrIsAnonymousOnPurpose()
    {
        Endpoints.Count().ShouldBeGreaterThan(20);

        Endpoints.Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is null && !e.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(a => a.Policy is not null))
            .Select(e => e.RoutePattern.RawText).ShouldBeEmpty();
    }

    [SkippableFact]
    public void Endpoints_PortalAndRenew_AreNeverAnonymous() =>
        Endpoints.Where(e => e.RoutePattern.RawText!.Contains("portal", StringComparison.Ordinal) || e.RoutePattern.RawText.EndsWith("{deviceId}/renew", StringComparison.Ordinal))
            .Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is not null && !e.RoutePattern.RawText!.StartsWith("/portal/assets/", StringComparison.Ordinal))
            .Select(e => e.RoutePattern.RawText!.Trim('/')).ShouldBe([
                "portal", "portal/signed-in", "portal/link", "portal/link", "portal/portal.css", "portal/sign-in", "portal/sign-out", "portal/oidc/login", "portal/oidc/callback", "portal/invitation", "portal/invitation",
                "portal/account", "portal/account/confirm", "portal/account/password", "portal/account/authenticator", "portal/account/authenticator/add", "portal/account/authenticator/remove",
                "portal/account/passkeys", "portal/account/passkeys/remove", "portal/passkey.js", "portal/account/recovery-codes", "portal/account/sessions/end",
                "portal/accounts", "portal/accounts/add", "portal/accounts/reset", "portal/accounts/disable", "portal/accounts/enable", "portal/accounts/roles", "portal/accounts/reset-factors",
            ], ignoreOrder: true);

    // A browser sends that cookie along with a request that another site forged.
    [SkippableFact]
    public async Task Policies_OfEveryEndpoint_DoNotTakeThePortalsCookie()
    {
        var policies = Tenant.Running!.Services.GetRequiredService<IAuthorizationPolicyProvider>();
        foreach (var name in Endpoints.SelectMany(e => e.Metadata.GetOrderedMetadata<IAuthorizeData>()).Select(a => a.Policy).OfType<string>().Distinct().Where(name => name != PortalAccess.Policy))
        {
            (await policies.GetPolicyAsync(name))!.AuthenticationSchemes.ShouldNotContain("Portal", name);
        }
    }

    /// <summary>A page changes nothing when it is asked for, its forms have anti-forgery tokens, and its connection is its own site's.</summary>
    [SkippableFact]
    public void Cookie_OfThePortal_OpensPagesAndTheirConnectionAlone() =>
        Endpoints.Where(e => e.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(a => a.Policy == PortalAccess.Policy)).Select(e => e.RoutePattern.RawText!.TrimStart('/'))
            .Where(path => !path.StartsWith("portal/ui", StringComparison.Ordinal) && !path.StartsWith("_blazor", StringComparison.Ordinal) && !path.StartsWith("_framework", StringComparison.Ordinal)).ShouldBeEmpty();

    [SkippableFact]
    public async Task Portal_Anonymous_IsUnauthorizedEverywhere()
    {
        using var client = Tenant.Client();
        foreach (var call in (Func<Task>[])
        [
            () => client.ListDevicesAsync(),
            () => client.GetDeviceAsync("a"),
            () => client.RevokeDeviceAsync("a", new RevokeRequest()),
            () => client.ListTokensAsync(),
            () => client.CreateTokenAsync(new CreateEnrollmentTokenRequest()),
            () => client.RevokeTokenAsync(Guid.Empty),
            () => client.RotateSubCaAsync(),
            () => client.ListCertificatesAsync(),
            () => client.ListAuditAsync(),
        ])
        {
            (await Should.ThrowAsync<ApiException>(call)).Status.ShouldBe(401);
        }
    }

    [SkippableFact]
    public async Task Portal_DeviceCertificate_OpensNoPortal()
    {
        using var device = new TestDevice("curious");
        using var identity = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync()));
        using var client = Tenant.Client(identity);

        (await Should.ThrowAsync<ApiException>(() => client.ListDevicesAsync())).Status.ShouldBeOneOf(401, 403);
    }

    [SkippableFact]
    public async Task Portal_Roles_ViewerLooksAndOperatorActs()
    {
        using var viewer = Tenant.As("vera", Roles.Viewer);
        using var op = Tenant.As("oscar", Roles.Operator);

        await viewer.ListDevicesAsync();
        await viewer.ListTokensAsync();
        (await Should.ThrowAsync<ApiException>(() => viewer.CreateTokenAsync(new CreateEnrollmentTokenRequest()))).Status.ShouldBe(403);
        (await Should.ThrowAsync<ApiException>(() => viewer.RevokeDeviceAsync("a", new RevokeRequest()))).Status.ShouldBe(403);
        await op.CreateTokenAsync(new CreateEnrollmentTokenRequest());
        (await Should.ThrowAsync<ApiException>(() => op.RotateSubCaAsync())).Status.ShouldBe(403);
    }
}
