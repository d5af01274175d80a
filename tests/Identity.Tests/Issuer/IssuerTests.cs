using System.Text.Json.Nodes;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Tests.Issuer;

/// <summary>What the issuer does for honest clients.</summary>
public sealed class IssuerTests(IssuerFixture fixture) : IClassFixture<IssuerFixture>
{
    [SkippableFact]
    public async Task Discovery_NamesTheIssuerAndWhatItServes()
    {
        var document = (await fixture.GetAsync(new Uri(fixture.Issuer + "/.well-known/openid-configuration"))).Json;

        ((string?)document["issuer"]).ShouldBe(fixture.Issuer);
        foreach (var (member, path) in new[]
        {
            ("authorization_endpoint", "auth"), ("token_endpoint", "token"), ("userinfo_endpoint", "userinfo"), ("end_session_endpoint", "logout"),
            ("jwks_uri", "certs"), ("revocation_endpoint", "revoke"), ("introspection_endpoint", "token/introspect"),
            ("device_authorization_endpoint", "auth/device"),
        })
        {
            ((string?)document[member]).ShouldBe(fixture.Endpoint(path).AbsoluteUri, member);
        }

        Strings(document["grant_types_supported"]).ShouldBe(["authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"], ignoreOrder: true);
        Strings(document["token_endpoint_auth_methods_supported"]).ShouldContain("private_key_jwt");
        Strings(document["response_types_supported"]).ShouldBe(["code"]);
        Strings(document["code_challenge_methods_supported"]).ShouldBe(["S256"]);
        Strings(document["id_token_signing_alg_values_supported"]).ShouldContain("RS256");
        ((bool?)document["authorization_response_iss_parameter_supported"]).ShouldBe(true);
    }

    [SkippableFact]
    public async Task Discovery_UnderAnotherName_NamesThePublicAddress()
    {
        var document = (await fixture.GetAsync(new Uri(fixture.Issuer.Replace("localhost", "127.0.0.1", StringComparison.Ordinal) + "/.well-known/openid-configuration"))).Json;

        ((string?)document["issuer"]).ShouldBe(fixture.Issuer);
        ((string?)document["token_endpoint"]).ShouldBe(fixture.Endpoint("token").AbsoluteUri);
    }

    [SkippableFact]
    public async Task Keys_ArePublicAndOfTheAlgorithmEveryClientKnows()
    {
        var key = (await fixture.GetAsync(fixture.Endpoint("certs"))).Json["keys"]!.AsArray().Single()!.AsObject();

        ((string?)key["kty"]).ShouldBe("RSA");
        ((string?)key["alg"]).ShouldBe("RS256");
        key.Select(member => member.Key).ShouldNotContain("d");
    }

    [SkippableFact]
    public async Task SignIn_TenantsClient_GetsNameAndPlatformRolesAndNothingThatOpensTheApi()
    {
        using var browser = new Browser();
        var request = new AuthorizationRequest();

        var callback = await fixture.SignInAsync(browser, request, "ada");

        callback.Url.GetLeftPart(UriPartial.Path).ShouldBe(request.RedirectUri);
        IssuerFixture.Parameter(callback, "state").ShouldBe("state-1");
        IssuerFixture.Parameter(callback, "iss").ShouldBe(fixture.Issuer); // RFC 9207
        var tokens = await fixture.RedeemAsync(request, IssuerFixture.Parameter(callback, "code")!);
        var id = tokens.Claims("id_token");
        ((string?)id["iss"]).ShouldBe(fixture.Issuer);
        ((string?)id["aud"]).ShouldBe(IssuerFixture.Acme);
        ((string?)id["nonce"]).ShouldBe("nonce-1");
        ((string?)id["preferred_username"]).ShouldBe("ada");
        Strings(id["platform_roles"]).ShouldBe(["platform-admin"]);
        var access = tokens.Claims("access_token");
        access.Select(claim => claim.Key).ShouldNotContain("aud");
        access.Select(claim => claim.Key).ShouldNotContain("realm_access");
        access.Select(claim => claim.Key).ShouldNotContain("platform_roles");
        access.ToJsonString().ShouldNotContain("iot_session");
        id.ToJsonString().ShouldNotContain("iot_session");
        (await StatusAsync(tokens["access_token"]!)).ShouldBe(401);
        var info = (await fixture.GetAsync(fixture.Endpoint("userinfo"), tokens["access_token"])).Json;
        ((string?)info["sub"]).ShouldBe((string?)id["sub"]);
        Strings(info["platform_roles"]).ShouldBe(["platform-admin"]);
    }

    [SkippableTheory]
    [InlineData("oli", "platform-operator")]
    [InlineData("vic")]
    public async Task SignIn_OtherRoles_AreWhatTheyAreAtTheTenants(string username, params string[] roles) =>
        Strings((await fixture.SignedInAsync(IssuerFixture.Acme, username)).Claims("id_token")["platform_roles"]).ShouldBe(roles);

    [SkippableFact]
    public async Task Token_WithTheApisScope_OpensTheApiAsKeycloaksDoes()
    {
        var tokens = await fixture.SignedInAsync(IssuerFixture.Api, "ada");

        var access = tokens.Claims("access_token");
        ((string?)access["aud"]).ShouldBe("iot-bridge-api");
        Strings(access["realm_access"]!["roles"]).ShouldBe(["cdm-admin"]);
        ((string?)access["preferred_username"]).ShouldBe("ada");
        (await StatusAsync(tokens["access_token"]!)).ShouldBe(200);
        (await StatusAsync((await fixture.SignedInAsync(IssuerFixture.Api, "vic"))["access_token"]!)).ShouldBe(403);
        (await StatusAsync(tokens["id_token"]!)).ShouldBe(401);
    }

    [SkippableFact]
    public async Task Authorize_AlreadySignedIn_AsksNothing()
    {
        using var browser = new Browser();
        await fixture.CodeAsync(new AuthorizationRequest(), browser: browser);

        var callback = await browser.GetAsync(new AuthorizationRequest { ClientId = IssuerFixture.Globex }.Url(fixture), stopAt: IssuerFixture.CallbackOf(IssuerFixture.Globex));

        IssuerFixture.Parameter(callback, "code").ShouldNotBeNull();
        (await fixture.Portal.NameAsync(browser)).ShouldBe("ada");
    }

    /// <summary>OpenID Connect Core 3.1.2.1: older than this is too old, and a negative age is any.</summary>
    [SkippableTheory]
    [InlineData("-1")]
    [InlineData("99999999999999")]
    public async Task Authorize_MaxAge_AsksOnceAtMost(string maxAge)
    {
        using var browser = new Browser();
        await fixture.CodeAsync(new AuthorizationRequest(), "ada", browser);
        var request = new AuthorizationRequest { MaxAge = maxAge };

        var page = await browser.GetAsync(request.Url(fixture), stopAt: IssuerFixture.CallbackOf(IssuerFixture.Acme));
        if (maxAge == "-1")
        {
            page = await browser.SubmitAsync(page, "sign-in", IssuerFixture.CallbackOf(IssuerFixture.Acme), ("username", "ada"), ("password", TestApp.Password));
        }

        IssuerFixture.Parameter(page, "code").ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task Authorize_PromptNone_NeverShowsAPage()
    {
        using var browser = new Browser();

        var callback = await browser.GetAsync(new AuthorizationRequest { Prompt = "none" }.Url(fixture), stopAt: IssuerFixture.CallbackOf(IssuerFixture.Acme));

        IssuerFixture.Parameter(callback, "error").ShouldBe("login_required");
        IssuerFixture.Parameter(callback, "iss").ShouldBe(fixture.Issuer);
    }

    [SkippableFact]
    public async Task Authorize_PromptLogin_AsksAgainAndGoesOnAsTheOtherPerson()
    {
        using var browser = new Browser();
        await fixture.CodeAsync(new AuthorizationRequest(), "ada", browser);
        var request = new AuthorizationRequest { Prompt = "login" };

        var tokens = await fixture.RedeemAsync(request, await fixture.CodeAsync(request, "oli", browser));

        ((string?)tokens.Claims("id_token")["preferred_username"]).ShouldBe("oli");
    }

    [SkippableFact]
    public async Task Refresh_RolesAreThoseOfNow_AndTheSessionsEndIsItsEnd()
    {
        using var browser = new Browser();
        await fixture.App.Accounts.CreateAsync("rita", TestApp.Password, [Roles.Admin], default);
        var first = await fixture.SignedInAsync(IssuerFixture.Acme, "rita", browser);
        await fixture.App.Database.ExecuteAsync("UPDATE accounts.accounts SET roles = '{cdm-operator}' WHERE username = 'rita'");

        var second = await fixture.RefreshAsync(IssuerFixture.Acme, first["refresh_token"]!);
        var home = await browser.GetAsync(fixture.Portal.Home);
        await browser.SubmitAsync(home, "sign-out");
        var third = await fixture.RefreshAsync(IssuerFixture.Acme, second["refresh_token"]!);

        Strings(second.Claims("id_token")["platform_roles"]).ShouldBe(["platform-operator"]);
        third.Error.ShouldBe("400 invalid_grant");
    }

    [SkippableFact]
    public async Task Revocation_OfARefreshToken_EndsIt()
    {
        var tokens = await fixture.SignedInAsync(IssuerFixture.Acme, "ada");

        (await fixture.PostAsync("revoke", IssuerFixture.Acme, IssuerFixture.SecretOf(IssuerFixture.Acme), ("token", tokens["refresh_token"]!))).Status.ShouldBe(200);

        (await fixture.RefreshAsync(IssuerFixture.Acme, tokens["refresh_token"]!)).Error.ShouldBe("400 invalid_grant");
    }

    [SkippableFact]
    public async Task EndSession_WithThePersonsIdToken_SignsOutAndLeadsBack()
    {
        using var browser = new Browser();
        var tokens = await fixture.SignedInAsync(IssuerFixture.Acme, "ada", browser);
        var back = IssuerFixture.CallbackOf(IssuerFixture.Acme) + "/logout_response";

        var page = await browser.GetAsync(new Uri($"{fixture.Endpoint("logout")}?id_token_hint={tokens["id_token"]}&post_logout_redirect_uri={Uri.EscapeDataString(back)}&state=s"), stopAt: back);

        page.Url.AbsoluteUri.ShouldBe(back + "?state=s");
        (await fixture.Portal.NameAsync(browser)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Rotate_OldTokensStayGood_NewOnesHaveTheNewKey()
    {
        await using var own = new OwnIssuer();
        var issuer = await own.StartAsync();
        var before = await issuer.SignedInAsync(IssuerFixture.Api, "ada");
        var keys = issuer.App.Services.GetRequiredService<IssuerKeys>();
        var maintenance = issuer.App.Services.GetRequiredService<IssuerMaintenance>();

        var next = await keys.RotateAsync("ada", default);
        (await keys.RotateAsync("ada", default)).Id.ShouldBe(next.Id);
        await maintenance.RunAsync(default);
        var published = (await issuer.GetAsync(issuer.Endpoint("certs"))).Json["keys"]!.AsArray().Select(key => (string?)key!["kid"]).ToList();
        KeyOf((await issuer.SignedInAsync(IssuerFixture.Api, "ada"))["access_token"]!).ShouldBe(KeyOf(before["access_token"]!));
        issuer.App.Time.Advance(IssuerKeys.PublishedFirst + TimeSpan.FromSeconds(1));
        await maintenance.RunAsync(default);
        var after = await issuer.RefreshAsync(IssuerFixture.Api, before["refresh_token"]!);

        published.ShouldBe([KeyOf(before["access_token"]!), next.Id], ignoreOrder: true);
        KeyOf(after["access_token"]!).ShouldBe(next.Id);
        foreach (var token in new[] { before, after })
        {
            (await issuer.GetAsync(new Uri(issuer.Portal.Url, "portal/audit"), token["access_token"])).Status.ShouldBe(200);
        }

        issuer.App.Time.Advance(IssuerKeys.Overlap + TimeSpan.FromSeconds(1));
        await maintenance.RunAsync(default);
        (await issuer.GetAsync(issuer.Endpoint("certs"))).Json["keys"]!.AsArray().Select(key => (string?)key!["kid"]).ShouldBe([next.Id]);
    }

    private async Task<int> StatusAsync(string token) => (await fixture.GetAsync(new Uri(fixture.Portal.Url, "portal/audit"), token)).Status;

    private static string KeyOf(string token) => (string)JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[0]))!["kid"]!;

    private static List<string?> Strings(JsonNode? array) => [.. array!.AsArray().Select(item => (string?)item)];

    private sealed class OwnIssuer : IAsyncDisposable
    {
        private readonly IssuerFixture _fixture = new();

        public async Task<IssuerFixture> StartAsync()
        {
            await _fixture.InitializeAsync();
            return _fixture;
        }

        public async ValueTask DisposeAsync() => await _fixture.DisposeAsync();
    }
}
