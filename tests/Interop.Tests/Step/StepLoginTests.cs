using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Interop.Tests;

/// <summary>step gets a person's certificate for a log-in at the stack's own identity provider.</summary>
public sealed class StepLoginTests(StepLoginTests.Host host) : IClassFixture<StepLoginTests.Host>
{
    private const string Person = "ann@iot.example";

    [SkippableFact]
    public async Task Console_CodeThatThePersonTypes_BuysACertificate()
    {
        using var step = await new StepCli(host.Target).BootstrapAsync();
        await using var process = step.StartLogin("ca", "certificate", Person, "ann.crt", "ann.key", "--provisioner", Host.Provisioner, "--console");
        using var browser = new Browser();

        var page = await host.LetInAsync(browser, new Uri(await process.WaitForLineAsync("https://")));
        await process.WriteLineAsync(page["code"]!);

        (await process.WaitForExitAsync()).ShouldBe(0, process.Output);
        ShouldBeAnns(step);
    }

    [SkippableFact]
    public async Task Console_CodeThatIsNone_BuysNothing()
    {
        using var step = await new StepCli(host.Target).BootstrapAsync();
        await using var process = step.StartLogin("ca", "certificate", Person, "ann.crt", "ann.key", "--provisioner", Host.Provisioner, "--console");

        await process.WaitForLineAsync("https://");
        await process.WriteLineAsync("made-up");

        (await process.WaitForExitAsync()).ShouldNotBe(0);
        File.Exists(step.File("ann.crt")).ShouldBeFalse();
    }

    /// <summary>Where the provisioner says that it listens (<c>listenAddress</c>).</summary>
    [SkippableFact]
    public async Task Browser_ComesBackToTheListenAddress()
    {
        using var step = await new StepCli(host.Target).BootstrapAsync();
        await using var process = step.StartLogin("ca", "certificate", Person, "ann.crt", "ann.key", "--provisioner", Host.Listening);
        using var browser = new Browser();

        var url = new Uri(await process.WaitForLineAsync("https://"));
        Uri.UnescapeDataString(url.Query).ShouldContain($"redirect_uri=http://{host.ListenAddress}");
        await host.LetInAsync(browser, url);

        (await process.WaitForExitAsync()).ShouldBe(0, process.Output);
        ShouldBeAnns(step);
    }

    private void ShouldBeAnns(StepCli step)
    {
        using var leaf = X509Certificate2.CreateFromPem(step.Read("ann.crt"));
        var parsed = ParsedCertificate.Parse(leaf.RawDataMemory);
        parsed.Names.Emails.ShouldBe([Person]);
        parsed.Names.Uris.ShouldHaveSingleItem().ShouldBe($"{host.Issuer}#{parsed.Names.CommonName}");
        parsed.StepProvisioner!.Type.ShouldBe(2);
    }

    public sealed class Host : IAsyncLifetime
    {
        public const string Provisioner = "people";
        public const string Listening = "people-at-a-port";
        private ProviderStack _provider = null!;

        public string ListenAddress { get; } = $"127.0.0.1:{FreePort.Next().ToString(CultureInfo.InvariantCulture)}";

        public string Issuer => new Uri(_provider.Url, "realms/cdm").AbsoluteUri;

        public StepTarget Target => new(_provider.Url, _provider.Trust.Fingerprint, Path.Combine(_provider.Data, "provisioner-password"));

        /// <summary>Opens the address, signs Ann in and lets step in.</summary>
        public async Task<BrowserPage> LetInAsync(Browser browser, Uri url)
        {
            var question = await browser.SubmitAsync(await browser.GetAsync(url), "sign-in", ("username", Person), ("password", ProviderStack.AdminPassword));
            return await browser.SubmitAsync(question, "let-in", ("decision", "allow"));
        }

        public async Task InitializeAsync()
        {
            Requires.Tool("step");
            _provider = await ProviderStack.StartAsync(new Dictionary<string, string?> { ["IOT_STEP_LOGIN"] = "allow" });
            await _provider.Database.ExecuteAsync(
                "INSERT INTO accounts.accounts (username, password_hash, roles, created_at) SELECT $1, password_hash, '{cdm-operator}', created_at FROM accounts.accounts WHERE username = 'admin'", Person);
            using var admin = await _provider.AdminAsync();
            await admin.SaveProvisionerAsync(Provisioner, Definition(Provisioner, listenAddress: null));
            await admin.SaveProvisionerAsync(Listening, Definition(Listening, ListenAddress));
        }

        public async Task DisposeAsync()
        {
            if (_provider is not null)
            {
                await _provider.DisposeAsync();
            }
        }

        private JsonElement Definition(string name, string? listenAddress)
        {
            var definition = new JsonObject
            {
                ["type"] = "OIDC",
                ["name"] = name,
                // Both are of one client: a token is the first one's whose it can be.
                ["clientID"] = "step",
                ["configurationEndpoint"] = Issuer + "/.well-known/openid-configuration",
                ["groups"] = new JsonArray("cdm-operator"),
                ["roots"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(_provider.Trust.Root.ExportCertificatePem())),
            };
            if (listenAddress is not null)
            {
                definition["listenAddress"] = listenAddress;
            }

            return JsonSerializer.SerializeToElement(definition);
        }
    }
}
