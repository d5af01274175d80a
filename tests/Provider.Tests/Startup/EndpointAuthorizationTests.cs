using IoTPlatform.Identity.Portal;
using IoTPlatform.Provider.Tests.Support;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Provider.Tests.Startup;

public sealed class EndpointAuthorizationTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private static readonly string[] AnonymousInAdmin =
    [
        "/portal/admin/join", "/portal/admin/join-request/{tenantId}", "/portal/admin/tenants/{tenantId}/join-confirm", "/portal/admin/tenants/{tenantId}/join-status",
        "/portal/admin/tenants/{tenantId}/sub-ca/rotate", "/portal/admin/tenants/{tenantId}/sub-ca/retire", "/portal/admin/tenants/{tenantId}/bridge/reissue",
    ];

    [SkippableFact]
    public void EveryEndpoint_Always_NamesItsPolicyOrSaysAnonymous()
    {
        var endpoints = Endpoints();

        endpoints.Count.ShouldBeGreaterThan(20);
        endpoints.Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is null && !e.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(a => a.Policy is not null))
            .Select(e => e.RoutePattern.RawText).ShouldBeEmpty();
    }

    [SkippableFact]
    public void AdminEndpoints_Always_AreAnonymousOnlyWhereAKeyOrProofIsTheCredential() =>
        Endpoints().Where(e => e.RoutePattern.RawText!.StartsWith("/portal/admin", StringComparison.Ordinal) && e.Metadata.GetMetadata<IAllowAnonymous>() is not null)
            .Select(e => e.RoutePattern.RawText).ShouldBe(AnonymousInAdmin, ignoreOrder: true);

    // A browser sends that cookie along with a request that another site forged.
    [SkippableFact]
    public async Task Policies_OfEveryEndpoint_DoNotTakeThePortalsCookie()
    {
        var policies = fixture.Provider.Services.GetRequiredService<IAuthorizationPolicyProvider>();
        foreach (var name in Endpoints().SelectMany(e => e.Metadata.GetOrderedMetadata<IAuthorizeData>()).Select(a => a.Policy).OfType<string>().Distinct().Where(name => name != PortalAccess.Policy))
        {
            (await policies.GetPolicyAsync(name))!.AuthenticationSchemes.ShouldNotContain("Portal", name);
        }
    }

    /// <summary>A page changes nothing when it is asked for, its forms have anti-forgery tokens, and its connection is its own site's.</summary>
    [SkippableFact]
    public void Cookie_OfThePortal_OpensPagesAndTheirConnectionAlone() =>
        Endpoints().Where(e => e.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(a => a.Policy == PortalAccess.Policy)).Select(e => e.RoutePattern.RawText!.TrimStart('/'))
            .Where(path => !path.StartsWith("portal/ui", StringComparison.Ordinal) && !path.StartsWith("_blazor", StringComparison.Ordinal) && !path.StartsWith("_framework", StringComparison.Ordinal)).ShouldBeEmpty();

    private List<RouteEndpoint> Endpoints() =>
        [.. fixture.Provider.Services.GetRequiredService<IEnumerable<EndpointDataSource>>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()];
}
