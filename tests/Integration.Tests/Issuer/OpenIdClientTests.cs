using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Integration.Tests.Keycloak;
using IoTPlatform.Integration.Tests.OidcProvider;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Issuer;

/// <summary>The certified client library <c>openid-client</c> of npm, unmodified, at the provider's own issuer.</summary>
public sealed class OpenIdClientTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private ProviderStack _provider = null!;

    public async Task InitializeAsync()
    {
        var npm = Requires.Tool("npm");
        foreach (var file in new[] { "package.json", "package-lock.json", "client.mjs" })
        {
            File.Copy(Path.Combine(Tools.RepositoryRoot, "tests", "Integration.Tests", "Issuer", file), _folder.Combine(file));
        }

        (await Tools.RunAsync(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], workingDirectory: _folder.Path, timeout: TimeSpan.FromMinutes(3))).EnsureSuccess();
        _provider = await ProviderStack.StartAsync();
    }

    public async Task DisposeAsync()
    {
        if (_provider is not null)
        {
            await _provider.DisposeAsync();
        }

        _folder.Dispose();
    }

    [SkippableFact]
    public async Task CodeFlow_AsATenantsClient_SignsInRefreshesAndRevokes()
    {
        using var tenant = await JoiningTenant.PrepareAsync(_provider, "acme");
        var bundle = await tenant.JoinAsync();
        var client = new JsonObject { ["client"] = bundle.CdmIdpClientId, ["secret"] = bundle.CdmIdpClientSecret, ["callback"] = tenant.Callback };
        var attempt = await StepAsync("begin", client);
        using var browser = new Browser();

        var page = await browser.GetAsync(new Uri((string)attempt["url"]!));
        var back = await browser.SubmitAsync(page, "sign-in", tenant.Callback, ("username", "admin"), ("password", ProviderStack.AdminPassword));
        attempt["answer"] = back.Url.AbsoluteUri;
        var learned = await StepAsync("finish", client, attempt);

        learned["claims"]!["platform_roles"]!.ToJsonString().ShouldContain("platform-admin");
        ((string)learned["user"]!["preferred_username"]!).ShouldBe("admin");
        ((string)learned["afterwards"]!).ShouldBe("invalid_grant");
        (await browser.GetAsync(new Uri((string)learned["signOut"]!))).Status.ShouldBe(HttpStatusCode.OK);
        (await browser.GetAsync(new Uri(_provider.Url, "portal")))["name"].ShouldBeNull("signed out by the hint");
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ServiceAccount_BySecretOrKey_GetsATokenThatTheApiTakes(bool byKey)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var admin = await _provider.AdminAsync();
        var account = await admin.AddServiceAccountAsync(new AddServiceAccountRequest { Name = "backup", Roles = ["cdm-viewer"], PublicKey = byKey ? key.ExportSubjectPublicKeyInfoPem() : null });

        var learned = await StepAsync("machine", new JsonObject { ["client"] = account.ClientId, ["secret"] = account.ClientSecret, ["key"] = byKey ? Convert.ToBase64String(key.ExportPkcs8PrivateKey()) : null });

        ((int)learned["lifetime"]!).ShouldBeInRange(290, 300);
        using var program = ProviderClient.Create(_provider.Url, _provider.Trust.Provider("iot.example"));
        program.UseSession((string)learned["token"]!);
        (await program.ListTenantsAsync()).Items.ShouldBeEmpty();
    }

    private async Task<JsonObject> StepAsync(string step, params IEnumerable<JsonObject> settings)
    {
        var all = new JsonObject { ["step"] = step, ["issuer"] = new Uri(_provider.Url, "realms/cdm").AbsoluteUri };
        foreach (var (name, value) in settings.SelectMany(s => s))
        {
            all[name] = value?.DeepClone();
        }

        var trust = new Dictionary<string, string?> { ["NODE_EXTRA_CA_CERTS"] = Path.Combine(_provider.Data, "certs", "root_ca.crt") };
        var result = await Tools.RunAsync(OidcProviderServer.Node(), [_folder.Combine("client.mjs"), all.ToJsonString()], environment: trust, timeout: TimeSpan.FromSeconds(60));
        return (JsonObject)JsonNode.Parse(result.EnsureSuccess().Output)!;
    }
}
