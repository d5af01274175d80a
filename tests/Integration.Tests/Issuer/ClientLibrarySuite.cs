using System.Security.Cryptography;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Integration.Tests.Keycloak;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Issuer;

/// <summary>Other people's client libraries, unmodified, at the provider's own issuer: as a tenant's client, which signs a person in, and as a program.</summary>
public abstract class ClientLibrarySuite : IAsyncLifetime
{
    private ProviderStack _provider = null!;

    protected string RootFile => Path.Combine(_provider.Data, "certs", "root_ca.crt");

    public virtual async Task InitializeAsync() => _provider = await ProviderStack.StartAsync();

    public virtual async Task DisposeAsync()
    {
        if (_provider is not null)
        {
            await _provider.DisposeAsync();
        }
    }

    /// <summary>What the library's program prints, given all of this as JSON.</summary>
    protected abstract Task<ToolResult> RunAsync(JsonObject settings);

    [SkippableFact]
    public async Task CodeFlow_AsATenantsClient_SignsInChecksRefreshesAndRevokes()
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
        ((string?)learned["claims"]!["iss"]).ShouldBe(new Uri(_provider.Url, "realms/cdm").AbsoluteUri);
        ((string?)learned["user"]!["preferred_username"]).ShouldBe("admin");
        await FinishedAsync(learned, browser, _provider.Url);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ServiceAccount_BySecretOrKey_GetsATokenThatTheApiTakes(bool byKey)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var admin = await _provider.AdminAsync();
        var account = await admin.AddServiceAccountAsync(new AddServiceAccountRequest { Name = "backup", Roles = ["cdm-viewer"], PublicKey = byKey ? key.ExportSubjectPublicKeyInfoPem() : null });

        var learned = await StepAsync("machine", new JsonObject { ["client"] = account.ClientId, ["secret"] = account.ClientSecret, ["key"] = byKey ? key.ExportPkcs8PrivateKeyPem() : null });

        using var program = ProviderClient.Create(_provider.Url, _provider.Trust.Provider("iot.example"));
        program.UseToken((string)learned["token"]!);
        (await program.ListTenantsAsync()).Items.ShouldBeEmpty();
    }

    /// <summary>What one library says beyond the others.</summary>
    protected virtual Task FinishedAsync(JsonObject learned, Browser browser, Uri provider) => Task.CompletedTask;

    private async Task<JsonObject> StepAsync(string step, params IEnumerable<JsonObject> settings)
    {
        var all = new JsonObject { ["step"] = step, ["issuer"] = new Uri(_provider.Url, "realms/cdm").AbsoluteUri };
        foreach (var (name, value) in settings.SelectMany(s => s))
        {
            all[name] = value?.DeepClone();
        }

        return (JsonObject)JsonNode.Parse((await RunAsync(all)).EnsureSuccess().Output)!;
    }
}
