using System.Net;
using System.Text.Json.Nodes;
using IoTPlatform.Integration.Tests.OidcProvider;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Issuer;

/// <summary>The certified client library <c>openid-client</c> of npm.</summary>
public sealed class OpenIdClientTests : ClientLibrarySuite
{
    private readonly TempFolder _folder = new();

    public override async Task InitializeAsync()
    {
        var npm = Requires.Tool("npm");
        foreach (var file in new[] { "package.json", "package-lock.json", "client.mjs" })
        {
            File.Copy(Path.Combine(Tools.RepositoryRoot, "tests", "Integration.Tests", "Issuer", file), _folder.Combine(file));
        }

        (await Tools.RunAsync(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], workingDirectory: _folder.Path, timeout: TimeSpan.FromMinutes(3))).EnsureSuccess();
        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }

    protected override Task<ToolResult> RunAsync(JsonObject settings) => Tools.RunAsync(
        OidcProviderServer.Node(), [_folder.Combine("client.mjs"), settings.ToJsonString()],
        environment: new Dictionary<string, string?> { ["NODE_EXTRA_CA_CERTS"] = RootFile }, timeout: TimeSpan.FromSeconds(60));

    protected override async Task FinishedAsync(JsonObject learned, Browser browser, Uri provider)
    {
        ((string?)learned["afterwards"]).ShouldBe("invalid_grant");
        (await browser.GetAsync(new Uri((string)learned["signOut"]!))).Status.ShouldBe(HttpStatusCode.OK);
        (await browser.GetAsync(new Uri(provider, "portal")))["name"].ShouldBeNull("signed out by the hint");
    }
}
