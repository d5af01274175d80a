using System.Net;
using System.Text.Json.Nodes;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Tests.Oidc;

/// <summary>Access tokens of this host's own issuer and of another one, behind the same policies.</summary>
public sealed class BearerSchemeTests
{
    [SkippableTheory]
    [InlineData("cdm-viewer", 200, 403, 403)]
    [InlineData("cdm-operator", 200, 200, 403)]
    [InlineData("cdm-admin", 200, 200, 200)]
    public async Task Token_OfEachRole_AndOfEitherIssuer_MeetsThePolicies(string role, int viewer, int @operator, int admin)
    {
        var time = new FakeTime();
        await using var issuer = await OidcServer.StartAsync(time);
        await using var app = await TestApp.StartAsync(Map, new OidcOptions { Issuer = issuer.Issuer, CaFile = issuer.CaFile }, time);
        var token = issuer.Token(c => c["realm_access"] = new JsonObject { ["roles"] = new JsonArray(role, "default-roles-cdm") });

        foreach (var credential in new[] { token, app.Token("ann", role) })
        {
            ((int)(await app.GetAsync("/as/viewer", credential)).StatusCode).ShouldBe(viewer);
            ((int)(await app.GetAsync("/as/operator", credential)).StatusCode).ShouldBe(@operator);
            ((int)(await app.GetAsync("/as/admin", credential)).StatusCode).ShouldBe(admin);
        }
    }

    [SkippableTheory]
    [InlineData("ann", "oidc:ann")]
    [InlineData("ann@example.com", "oidc:ann@example.com")]
    [InlineData("system", "oidc:system")]
    [InlineData("evil\nname", "oidc:0f9c3c1e-0000-4000-8000-000000000001")]
    public async Task Token_Name_CannotBeTakenForALocalAccountsOrBreakTheLog(string username, string name)
    {
        var time = new FakeTime();
        await using var issuer = await OidcServer.StartAsync(time);
        await using var app = await TestApp.StartAsync(Map, new OidcOptions { Issuer = issuer.Issuer, CaFile = issuer.CaFile }, time);

        (await (await app.GetAsync("/as/viewer", issuer.Token(c => c["preferred_username"] = username))).Content.ReadAsStringAsync()).ShouldBe(name);
    }

    [SkippableFact]
    public async Task Token_WithoutAnIdentityProvider_Refused()
    {
        await using var app = await TestApp.StartAsync(Map);
        await using var issuer = await OidcServer.StartAsync(app.Time);

        (await app.GetAsync("/as/viewer", issuer.Token())).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        issuer.DiscoveryRequests.ShouldBe(0);
    }

    /// <summary>Accounts of this host are called as they are; of another issuer's no one can pass for them.</summary>
    [SkippableFact]
    public async Task Token_OfThisHostsOwnIssuer_HasThePlainName()
    {
        await using var app = await TestApp.StartAsync(Map);

        (await (await app.GetAsync("/as/viewer", app.Token("ann", Roles.Viewer))).Content.ReadAsStringAsync()).ShouldBe("ann");
        (await (await app.GetAsync("/as/viewer", app.Token("operator:root", Roles.Viewer))).Content.ReadAsStringAsync()).ShouldBe("operator:root");
    }

    /// <summary>Two issuers are believed, each by its own keys: naming the other one does not help.</summary>
    [SkippableFact]
    public async Task Attack_OneIssuersKey_UnderTheNameOfTheOther_IsRefused()
    {
        await using var app = await OidcApp.StartAsync();
        var own = app.App.Services.GetRequiredService<IssuerOptions>().Issuer.AbsoluteUri;

        (await app.StatusAsync(app.Issuer.Token(c => c["iss"] = own))).ShouldBe(401);
        (await app.StatusAsync(app.Issuer.Token(c => c["preferred_username"] = "operator:root"))).ShouldBe(200);
        (await (await app.AskAsync(app.Issuer.Token(c => c["preferred_username"] = "operator:root"))).Content.ReadAsStringAsync()).ShouldNotContain("operator:root");
    }

    /// <summary>Such as an enrolment token: it is not judged as an access token, and nothing is said of it.</summary>
    [SkippableFact]
    public async Task Token_OfAnEndpointForAnyone_IsLeftToTheEndpoint()
    {
        await using var app = await TestApp.StartAsync(host => host.MapGet("/anyone", (HttpContext context) => context.Request.Headers.Authorization.ToString()).AllowAnonymous());

        (await (await app.GetAsync("/anyone", "iot-enroll-abc")).Content.ReadAsStringAsync()).ShouldBe("Bearer iot-enroll-abc");
        app.Log.Text.ShouldNotContain("bearer token refused");
    }

    [SkippableFact]
    public async Task BackChannel_OtherAddressOfTheIssuer_IsUsedForEveryFetch()
    {
        // The public address has no listener, and the discovery document names public addresses, too.
        await using var app = await OidcApp.StartAsync(o => o with { Issuer = "https://identity.invalid/realms/cdm", BackChannel = new Uri(new Uri(o.Issuer), "/") });
        const string Public = "https://identity.invalid/realms/cdm";
        app.Issuer.Discovery = context => context.Response.WriteAsync($$"""{"issuer":"{{Public}}","jwks_uri":"{{Public}}/jwks"}""");

        (await app.StatusAsync(app.Issuer.Token(c => c["iss"] = Public))).ShouldBe(200);
        (await app.StatusAsync(app.Issuer.Token())).ShouldBe(401);
    }

    [SkippableFact]
    public async Task BackChannel_DiscoveryThatNamesItself_IsFollowedThere()
    {
        await using var app = await OidcApp.StartAsync(o => o with { Issuer = "https://identity.invalid/auth/cdm", BackChannel = new Uri(o.Issuer) });
        app.Issuer.Discovery = context => context.Response.WriteAsync($$"""{"issuer":"https://identity.invalid/auth/cdm","jwks_uri":"{{app.Issuer.Issuer}}/jwks"}""");

        (await app.StatusAsync(app.Issuer.Token(c => c["iss"] = "https://identity.invalid/auth/cdm"))).ShouldBe(200);
    }

    [SkippableFact]
    public async Task IssuersServer_UnderAnotherCa_IsNotAsked()
    {
        await using var other = await OidcServer.StartAsync(TimeProvider.System);
        await using var app = await OidcApp.StartAsync(o => o with { CaFile = other.CaFile });

        (await app.StatusAsync(app.Issuer.Token())).ShouldBe(503);
        app.Issuer.DiscoveryRequests.ShouldBe(0);
    }

    [SkippableFact]
    public async Task IssuersServer_UnderNoKnownCa_IsNotAsked()
    {
        await using var app = await OidcApp.StartAsync(o => o with { CaFile = null });

        (await app.StatusAsync(app.Issuer.Token())).ShouldBe(503);
        app.Issuer.DiscoveryRequests.ShouldBe(0);
    }

    private static void Map(WebApplication app)
    {
        foreach (var policy in new[] { Policies.Viewer, Policies.Operator, Policies.Admin })
        {
            app.MapGet("/as/" + policy, (HttpContext context) => context.User.Identity!.Name).RequireAuthorization(policy);
        }
    }
}
