using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.LocalServices;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.OidcProvider;

/// <summary>A tenant whose identity provider is not Keycloak: a certified one that does what the standard says, and nothing of Keycloak's own.</summary>
public sealed class OidcProviderTests(OidcProviderTests.Fixture fixture) : IClassFixture<OidcProviderTests.Fixture>
{
    private Uri Portal => new(fixture.Tenant.Url, "portal");

    [SkippableFact]
    public async Task Portal_SignsInAndOut_AndTheProviderSignsOutToo()
    {
        using var browser = new Browser();

        var page = await SignInAsync(browser, "ann.cdm-admin");

        page.Url.ShouldBe(new Uri(fixture.Tenant.Url, "portal/ui"));
        page["name"].ShouldBe("ann.cdm-admin");
        page["realm"].ShouldBe(fixture.Issuer);
        page["way"].ShouldBe("at the identity provider");
        page["roles"].ShouldBe("cdm-admin");

        var asked = await browser.SubmitAsync(page, "sign-out");
        var home = await browser.SubmitAsync(asked, "session/end/confirm", ("logout", "yes"));

        home.Url.ShouldBe(Portal);
        home["name"].ShouldBeNull();
        (await browser.GetAsync(home.Link("Sign in"))).Html.ShouldContain("name=\"password\"");
    }

    [SkippableFact]
    public async Task Portal_UserWithoutARole_ShowsTheReason()
    {
        using var browser = new Browser();

        var page = await SignInAsync(browser, "nobody");

        page.Status.ShouldBe(HttpStatusCode.Forbidden);
        page.Text.ShouldContain("have no role here");
    }

    [SkippableFact]
    public async Task Portal_LoginCancelled_ShowsTheReason()
    {
        using var browser = new Browser();
        var form = await browser.GetAsync((await browser.GetAsync(Portal)).Link("Sign in"));

        var page = await browser.GetAsync(form.Link("Cancel"));

        page.Status.ShouldBe(HttpStatusCode.Forbidden);
        page.Text.ShouldContain("did not let you in");
    }

    [SkippableFact]
    public async Task Portal_Refresh_RotatesItsTokenAndBringsTheRolesOfNow()
    {
        using var browser = new Browser();
        (await SignInAsync(browser, "rita.cdm-operator"))["roles"].ShouldBe("cdm-operator");
        using (var http = new HttpClient())
        {
            await http.GetStringAsync(new Uri(fixture.Issuer + "/demote"));
        }

        try
        {
            foreach (var _ in new[] { 1, 2 })
            {
                await fixture.Tenant.Database.ExecuteAsync("UPDATE accounts.oidc_sessions SET refresh_at = now() WHERE name = 'oidc:rita.cdm-operator'");
                (await browser.GetAsync(Portal))["roles"].ShouldBe("cdm-viewer");
            }

            (await fixture.Tenant.Database.ScalarAsync<bool>("SELECT refresh_at > now() FROM accounts.oidc_sessions WHERE name = 'oidc:rita.cdm-operator'")).ShouldBeTrue();
        }
        finally
        {
            using var http = new HttpClient();
            await http.GetStringAsync(new Uri(fixture.Issuer + "/promote"));
        }
    }

    [SkippableTheory]
    [InlineData("RS256")]
    [InlineData("ES256")]
    public async Task Bearer_OfEitherAlgorithm_OpensTheApiAsItsRolesSay(string algorithm)
    {
        var token = await fixture.TokenAsync($"robot-{algorithm}.cdm-operator");

        Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[0])).ShouldContain(algorithm);
        using var client = TenantClient.Create(fixture.Tenant.Url, fixture.Tenant.Trust);
        client.UseToken(token);
        await client.ListDevicesAsync();
        await client.CreateTokenAsync(new CreateEnrollmentTokenRequest());
        (await Should.ThrowAsync<ApiException>(() => client.RotateSubCaAsync())).Status.ShouldBe(403);
    }

    private async Task<BrowserPage> SignInAsync(Browser browser, string name)
    {
        var form = await browser.GetAsync((await browser.GetAsync(Portal)).Link("Sign in"));
        return await browser.SubmitAsync(form, "interaction", ("login", name), ("password", "any"));
    }

    /// <summary>A tenant and the provider that its people have their accounts at.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        private readonly int _port = FreePort.Next();
        private ProviderStack? _provider;
        private OidcProviderServer? _server;
        private readonly string _secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

        public TenantStack Tenant { get; private set; } = null!;
        public string Issuer => $"http://127.0.0.1:{_port}";

        public async Task InitializeAsync()
        {
            Requires.Tool("npm");
            _provider = await ProviderStack.StartAsync();
            var prepared = await _provider.PrepareAsync("initech");
            Tenant = await TenantStack.LaunchAsync(_provider, "initech", prepared.JoinKey, new Dictionary<string, string?> { ["IOT_IDENTITY"] = "keycloak", ["IOT_OIDC_ISSUER"] = Issuer, ["IOT_OIDC_CLIENT_SECRET"] = _secret });
            await Tenant.ReadyAsync();

            // At a provider other than Keycloak the operator registers the client manually.
            using var browser = new Browser();
            (await browser.GetAsync(new Uri(Tenant.Url, "portal/oidc/login"))).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
            _server = await OidcProviderServer.StartAsync(_port, Tenant.Url, _secret);
            await Waiting.UntilAsync(async () => // a failure is remembered for two seconds
                (await browser.GetAsync(new Uri(Tenant.Url, "portal/oidc/login"))).Status != HttpStatusCode.ServiceUnavailable);
        }

        public async Task DisposeAsync()
        {
            if (Tenant is not null)
            {
                await Tenant.DisposeAsync();
            }

            if (_provider is not null)
            {
                await _provider.DisposeAsync();
            }

            if (_server is not null)
            {
                await _server.DisposeAsync();
            }
        }

        public async Task<string> TokenAsync(string clientId)
        {
            using var http = new HttpClient();
            http.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{clientId}:{_secret}")));
            using var form = new FormUrlEncodedContent([KeyValuePair.Create("grant_type", "client_credentials")]);
            using var response = await http.PostAsync(new Uri(Issuer + "/token"), form);
            return (string)JsonNode.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync())!["access_token"]!;
        }
    }
}
