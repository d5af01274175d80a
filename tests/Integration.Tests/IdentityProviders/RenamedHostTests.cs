using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.LocalServices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.IdentityProviders;

/// <summary>A host that has another public URL from its next start on, after the tenant has joined.</summary>
public sealed class RenamedHostTests(RenamedHostTests.Fixture fixture) : IClassFixture<RenamedHostTests.Fixture>
{
    private ProviderStack Provider => fixture.Provider;

    private TenantStack Tenant => fixture.Tenant;

    [SkippableFact]
    public async Task Provider_TenantsFollow_AndNothingOfTheFormerIssuerIsBelieved()
    {
        using var staff = new Browser();
        (await SignInAsync(staff))["realm"].ShouldBe(Issuer(fixture.ProviderUrl));
        var token = await Provider.TokenAsync();
        (await StatusAsync(Provider.Url, token)).ShouldBe(HttpStatusCode.OK);
        var callback = await RedirectUriAsync();

        fixture.ProviderUrl = Fixture.Renamed(fixture.ProviderUrl);
        await Provider.RestartAsync();

        (await StatusAsync(Provider.Url, token)).ShouldBe(HttpStatusCode.Unauthorized);
        (await StatusAsync(Provider.Url, await Provider.TokenAsync())).ShouldBe(HttpStatusCode.OK);
        (await RedirectUriAsync()).ShouldBe(callback, "the tenant has not moved");
        (await Provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'setting.changed' AND subject = 'IOT_CDM_DISCOVERY_URL'")).ShouldBe(1);

        // The tenant starts with the address of before, and asks for the one of now right after that.
        await fixture.RestartTenantAsync();
        await Waiting.UntilAsync(() => Task.FromResult(Bundle().CdmDiscoveryUrl!.StartsWith(Issuer(fixture.ProviderUrl), StringComparison.Ordinal)));
        (await BundleDiscovery.IsServedAsync(Bundle())).ShouldBe(Issuer(fixture.ProviderUrl));
        (await staff.GetAsync(Portal(fixture.TenantUrl)))["name"].ShouldBeNull("a session ends with the issuer that it is of");
        var page = await SignInAsync(staff);
        page["name"].ShouldBe("cdm-provider.admin");
        page["realm"].ShouldBe(Issuer(fixture.ProviderUrl));
        (await Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'federation.credentials_replaced'")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Tenant_ItsClientLeadsToTheNewAddressAlone_AndItsFormerTokensOpenNothing()
    {
        var (before, token) = (fixture.TenantUrl, (await OperatorTokens.FetchAsync(Tenant.Url, Tenant.Trust, Tenant.Data)).AccessToken);
        (await StatusAsync(Tenant.Url, token)).ShouldBe(HttpStatusCode.OK);

        fixture.TenantUrl = Fixture.Renamed(before);
        await fixture.RestartTenantAsync();
        var callback = Callback(fixture.TenantUrl);
        await Waiting.UntilAsync(async () => await RedirectUriAsync() == callback);

        (await StatusAsync(Tenant.Url, token)).ShouldBe(HttpStatusCode.Unauthorized);
        (await StatusAsync(Tenant.Url, (await OperatorTokens.FetchAsync(Tenant.Url, Tenant.Trust, Tenant.Data)).AccessToken)).ShouldBe(HttpStatusCode.OK);
        (await Provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'federation.portal_moved' AND details LIKE $1", $"%{fixture.TenantUrl.Authority}%")).ShouldBe(1);
        using var staff = new Browser();
        var page = await SignInAsync(staff);
        page.Url.Authority.ShouldBe(fixture.TenantUrl.Authority);
        page["name"].ShouldBe("cdm-provider.admin");

        // Who has the former address by now gets no code.
        var request = await staff.GetAsync(new Uri(fixture.TenantUrl, "portal/oidc/login?as=somebody-else"), stopAt: Issuer(fixture.ProviderUrl));
        var old = request.Url.AbsoluteUri.Replace(Uri.EscapeDataString(callback), Uri.EscapeDataString(Callback(before)), StringComparison.Ordinal);
        old.ShouldNotBe(request.Url.AbsoluteUri);
        (await staff.GetAsync(new Uri(old))).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    private static Uri Portal(Uri host) => new(host, "portal");

    private static string Callback(Uri host) => new Uri(host, "portal/oidc/callback").AbsoluteUri;

    private static string Issuer(Uri host) => new Uri(host, "realms/cdm").AbsoluteUri;

    private JoinBundle Bundle() => JsonSerializer.Deserialize(File.ReadAllText(Path.Combine(Tenant.Data, "join-bundle", "bundle.json")), ContractsJson.Default.JoinBundle)!;

    private async Task<BrowserPage> SignInAsync(Browser browser)
    {
        var form = await browser.GetAsync((await browser.GetAsync(Portal(fixture.TenantUrl))).Link("Platform provider"));
        return form["name"] is not null ? form : await browser.SubmitAsync(form, "/realms/cdm/sign-in", ("username", "admin"), ("password", ProviderStack.AdminPassword));
    }

    private async Task<string?> RedirectUriAsync() =>
        await Provider.Database.ScalarAsync<string>($"SELECT redirect_uris::jsonb->>0 FROM issuer.applications WHERE client_id = 'cdm-federation-{Fixture.TenantId}' AND jsonb_array_length(redirect_uris::jsonb) = 1");

    private static async Task<HttpStatusCode> StatusAsync(Uri stack, string token)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(stack, "openapi/v1.json")) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
        using var answer = await http.SendAsync(request);
        return answer.StatusCode;
    }

    /// <summary>Both listen where they always do, and are called by either name of this machine.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        public const string TenantId = "initech";
        private readonly Dictionary<string, string?> _settings = [];

        public ProviderStack Provider { get; private set; } = null!;

        public TenantStack Tenant { get; private set; } = null!;

        /// <summary>From the next start on.</summary>
        public Uri ProviderUrl
        {
            get => _settings.TryGetValue("IOT_PUBLIC_URL", out var url) ? new Uri(url!) : Provider.Url;
            set => _settings["IOT_PUBLIC_URL"] = value.AbsoluteUri;
        }

        /// <summary>From the next start on.</summary>
        public Uri TenantUrl
        {
            get => Tenant.Overrides.TryGetValue("IOT_PUBLIC_URL", out var url) ? new Uri(url!) : Tenant.Url;
            set => Tenant.Overrides["IOT_PUBLIC_URL"] = value.AbsoluteUri;
        }

        public static Uri Renamed(Uri url) => new UriBuilder(url) { Host = url.Host == "localhost" ? "127.0.0.1" : "localhost" }.Uri;

        public async Task InitializeAsync()
        {
            Provider = await ProviderStack.StartAsync(_settings);
            Tenant = await TenantStack.LaunchAsync(Provider, TenantId, (await Provider.PrepareAsync(TenantId)).JoinKey);
            await Tenant.ReadyAsync();
        }

        public async Task RestartTenantAsync()
        {
            Tenant.Process.Terminate();
            await Tenant.Process.WaitForExitAsync();
            await Tenant.Process.DisposeAsync();
            Tenant.Launch();
            await Tenant.ReadyAsync();
        }

        public async Task DisposeAsync()
        {
            if (Tenant is not null)
            {
                await Tenant.DisposeAsync();
            }

            if (Provider is not null)
            {
                await Provider.DisposeAsync();
            }
        }
    }
}
