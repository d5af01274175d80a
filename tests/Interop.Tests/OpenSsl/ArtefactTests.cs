using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Interop.Tests.Acme;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki.Files;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Interop.Tests.OpenSsl;

/// <summary>OpenSSL, which knows nothing but the root, reads and verifies every kind of artefact that a provider and its tenant make.</summary>
public sealed class ArtefactTests(ArtefactTests.Host host) : IClassFixture<ArtefactTests.Host>
{
    private const string Client = "sslclient", Server = "sslserver";

    /// <summary>RFC 5280 to the letter: criticality, key identifiers, path lengths, name constraints.</summary>
    [SkippableTheory]
    [InlineData(Host.Root, null)]
    [InlineData(Host.Intermediate, null)]
    [InlineData(Host.SubCa, null)]
    [InlineData(Host.ProviderService, Server)]
    [InlineData(Host.ProviderService, Client)]
    [InlineData(Host.TenantService, Server)]
    [InlineData(Host.Bridge, Client)]
    [InlineData(Host.Device, Client)]
    [InlineData(Host.Token, Server)]
    [InlineData(Host.Acme, Server)]
    public async Task Certificate_IsReadAndVerifiedStrictly(string name, string? purpose)
    {
        (await OpenSslAsync("x509", "-in", host.PathOf(name), "-noout", "-text")).EnsureSuccess().Output.ShouldContain("Signature Algorithm: ecdsa-with-SHA");

        (await VerifyAsync(name, ["-x509_strict", "-check_ss_sig", .. purpose is null ? Array.Empty<string>() : ["-purpose", purpose]])).EnsureSuccess().Output.ShouldContain(": OK");
    }

    /// <summary>A device is no server, a bridge neither; and no leaf is a CA.</summary>
    [SkippableTheory]
    [InlineData(Host.Bridge)]
    [InlineData(Host.Device)]
    public async Task Certificate_ForAnotherPurpose_IsRefused(string name)
    {
        var refused = await VerifyAsync(name, ["-purpose", Server]);

        refused.ExitCode.ShouldNotBe(0);
        (refused.Output + refused.Error).ShouldContain("nsuitable certificate purpose", Case.Insensitive);
    }

    [SkippableTheory]
    [InlineData(Host.Root)]
    [InlineData(Host.Intermediate)]
    [InlineData(Host.SubCa)]
    public async Task List_OfAnIssuer_IsItsOwn(string issuer)
    {
        var read = (await OpenSslAsync("crl", "-in", host.ListOf(issuer), "-CAfile", host.Trust, "-noout", "-text")).EnsureSuccess();

        read.Error.ShouldContain("verify OK");
        read.Output.ShouldContain("X509v3 CRL Number");
    }

    [SkippableTheory]
    [InlineData(Host.Intermediate)]
    [InlineData(Host.SubCa)]
    [InlineData(Host.ProviderService)]
    [InlineData(Host.TenantService)]
    [InlineData(Host.Bridge)]
    [InlineData(Host.Device)]
    [InlineData(Host.Token)]
    [InlineData(Host.Acme)]
    public async Task Certificate_WithAListOfEveryIssuer_IsGood(string name) => (await VerifyAsync(name, ["-x509_strict", "-crl_check_all", "-CRLfile", host.Lists])).EnsureSuccess();

    [SkippableTheory]
    [InlineData(Host.SubCa)]
    [InlineData(Host.ProviderService)]
    [InlineData(Host.TenantService)]
    [InlineData(Host.Bridge)]
    [InlineData(Host.Device)]
    [InlineData(Host.Token)]
    [InlineData(Host.Acme)]
    public async Task Certificate_AskedForWhereItSays_IsGood(string name)
    {
        (await VerifyAsync(name, ["-crl_check", "-crl_download"])).EnsureSuccess();
        var answer = await AskAsync(name);
        answer.ShouldContain("Response verify OK");
        answer.ShouldContain($"{host.PathOf(name)}: good");
    }

    /// <summary>By OCSP and by the part of the list that it names.</summary>
    [SkippableFact]
    public async Task Device_Revoked_IsRefused()
    {
        await host.AddDeviceAsync("lost");
        (await VerifyAsync("lost", ["-crl_check", "-crl_download"])).EnsureSuccess();

        await host.RevokeAsync("lost");

        await Waiting.UntilAsync(async () => (await AskAsync("lost")).Contains(": revoked", StringComparison.Ordinal));
        (await AskAsync("lost")).ShouldContain("Reason: keyCompromise");
        // A list is given again for half a second before the database is asked for changes.
        await Waiting.UntilAsync(async () => (await VerifyAsync("lost", ["-crl_check", "-crl_download"])) is { ExitCode: not 0 } refused && refused.Error.Contains("certificate revoked", StringComparison.Ordinal));
    }

    [SkippableTheory]
    [InlineData(Host.ProviderService)]
    [InlineData(Host.TenantService)]
    public async Task Server_ShowsAChainToTheRoot(string name) => (await host.ConnectAsync(name)).EnsureSuccess().Output.ShouldContain("Verify return code: 0 (ok)");

    private static Task<ToolResult> OpenSslAsync(params string[] arguments) => Tools.RunAsync(Requires.Tool("openssl"), arguments);

    private Task<ToolResult> VerifyAsync(string name, params string[] options) =>
        OpenSslAsync(["verify", .. options, "-CAfile", host.PathOf(Host.Root), .. name == Host.Root ? Array.Empty<string>() : ["-untrusted", host.Untrusted(name)], host.PathOf(name)]);

    /// <summary>Where the certificate says.</summary>
    private async Task<string> AskAsync(string name)
    {
        var address = (await OpenSslAsync("x509", "-in", host.PathOf(name), "-noout", "-ocsp_uri")).EnsureSuccess().Output.Trim();
        var result = await OpenSslAsync("ocsp", "-issuer", host.IssuerOf(name), "-cert", host.PathOf(name), "-CAfile", host.Trust, "-url", address);
        return result.Output + result.Error;
    }

    /// <summary>A provider and a tenant that has joined, and a file of everything that they made.</summary>
    public sealed class Host : IAsyncLifetime
    {
        public const string Root = "root", Intermediate = "intermediate", SubCa = "sub-ca", ProviderService = "provider", TenantService = "tenant", Bridge = "bridge", Device = "device", Token = "token", Acme = "acme";

        private readonly TempFolder _folder = new();
        private readonly LoopbackDns _dns = new();
        private readonly int _challenges = FreePort.Next();
        private ProviderStack _provider = null!;
        private TenantStack _tenant = null!;

        /// <summary>The root and every issuer.</summary>
        public string Trust => _folder.Combine("trust.pem");

        public string Lists => _folder.Combine("lists.pem");

        public string PathOf(string name) => _folder.Combine(name + ".pem");

        public string ListOf(string issuer) => _folder.Combine(issuer + ".crl");

        /// <summary>The certificate of whoever issued it.</summary>
        public string IssuerOf(string name) => PathOf(name switch
        {
            Intermediate => Root,
            SubCa or ProviderService or Bridge or Token or Acme => Intermediate,
            _ => SubCa,
        });

        /// <summary>What was sent with it.</summary>
        public string Untrusted(string name) => _folder.Combine(name + ".chain");

        public async Task InitializeAsync()
        {
            var lego = Requires.Tool("lego");
            _provider = await ProviderStack.StartAsync(new Dictionary<string, string?>
            {
                ["IOT_VALIDATION_LISTEN"] = Plain(),
                ["IOT_ACME"] = "acme",
                ["IOT_ACME_NETWORKS"] = "127.0.0.1/32",
                ["IOT_ACME_HTTP_PORT"] = _challenges.ToString(CultureInfo.InvariantCulture),
                ["IOT_ACME_RESOLVER"] = _dns.Address.ToString(),
            });
            var prepared = await _provider.PrepareAsync("acme");
            _tenant = await TenantStack.LaunchAsync(_provider, prepared.TenantId, prepared.JoinKey, new Dictionary<string, string?> { ["IOT_VALIDATION_LISTEN"] = Plain() });
            await _tenant.ReadyAsync();

            await WriteAsync(Root, [_provider.Trust.Root]);
            await AddDeviceAsync(Device);
            var issuers = Pem.ParseCertificates(await File.ReadAllTextAsync(Untrusted(Device)));
            await WriteAsync(SubCa, issuers);
            await WriteAsync(Intermediate, issuers[1..]);
            await File.WriteAllTextAsync(Trust, Pem.Certificates([.. issuers, _provider.Trust.Root]));
            await WriteAsync(Bridge, [Pem.ParseCertificates(await File.ReadAllTextAsync(Path.Combine(_tenant.Data, "join-bundle", "mqtt-bridge.crt")))[0], issuers[1]]);
            foreach (var server in new[] { ProviderService, TenantService })
            {
                await WriteAsync(server, Pem.ParseCertificates((await ConnectAsync(server)).EnsureSuccess().Output));
            }

            await WriteAsync(Token, await OfStepAsync());
            (await Tools.RunAsync(
                lego,
                [
                    "--server", new Uri(_provider.Url, "acme/acme/directory").ToString(), "--email", "ops@iot.example", "--accept-tos", "--path", _folder.Combine("lego"), "--domains", "a.openssl.test", "--domains", "b.openssl.test",
                    "--http", "--http.port", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_challenges}"), "run",
                ],
                environment: new Dictionary<string, string?> { ["LEGO_CA_CERTIFICATES"] = PathOf(Root) })).EnsureSuccess();
            await WriteAsync(Acme, Pem.ParseCertificates(await File.ReadAllTextAsync(Path.Combine(_folder.Combine("lego"), "certificates", "a.openssl.test.crt"))));
            await FetchListsAsync(issuers);
        }

        public async Task DisposeAsync()
        {
            if (_tenant is not null)
            {
                await _tenant.DisposeAsync();
            }

            if (_provider is not null)
            {
                await _provider.DisposeAsync();
            }

            await _dns.DisposeAsync();
            _folder.Dispose();
        }

        public async Task AddDeviceAsync(string id)
        {
            using var admin = await _tenant.AdminAsync();
            using var device = await EnrolledDevice.EnrollAsync(_tenant, admin, id);
            await WriteAsync(id, Pem.ParseCertificates(device.KeyAndChainPem[device.KeyAndChainPem.IndexOf("-----BEGIN CERTIFICATE", StringComparison.Ordinal)..]));
        }

        public async Task RevokeAsync(string device)
        {
            using var admin = await _tenant.AdminAsync();
            await admin.RevokeDeviceAsync(device, new RevokeRequest { ReasonCode = 1 });
        }

        /// <summary>As a TLS client that trusts the root alone; what it prints has the chain.</summary>
        public Task<ToolResult> ConnectAsync(string name)
        {
            var url = name == ProviderService ? _provider.Url : _tenant.Url;
            return Tools.RunAsync(
                Requires.Tool("openssl"),
                ["s_client", "-connect", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{url.Port}"), "-servername", url.Host, "-verify_hostname", url.Host, "-CAfile", PathOf(Root), "-x509_strict", "-verify_return_error", "-showcerts"]);
        }

        private static string Plain() => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort.Next()}");

        /// <summary>By a one-time token, with a name of every kind.</summary>
        private async Task<IReadOnlyList<X509Certificate2>> OfStepAsync()
        {
            using var step = await new StepCli(new StepTarget(_provider.Url, _provider.Trust.Fingerprint, Path.Combine(_provider.Data, "provisioner-password"))).BootstrapAsync();
            await step.EnrollAsync("names.test", "names", "--san", "names.test", "--san", "192.0.2.7", "--san", "2001:db8::7", "--san", "ops@names.test", "--san", "https://names.test/a");
            return Pem.ParseCertificates(step.Read("names.crt"));
        }

        /// <summary>Complete ones, from where their issuers' certificates of this platform are answered for.</summary>
        private async Task FetchListsAsync(IReadOnlyList<X509Certificate2> issuers)
        {
            var lists = new List<string>();
            foreach (var (name, issuer, by) in new[] { (Root, _provider.Trust.Root, _provider.Url), (Intermediate, issuers[1], _provider.Url), (SubCa, issuers[0], _tenant.Url) })
            {
                using var client = AnyServerHttp.Create(by, [_provider.Trust.Root], client: null, TimeSpan.FromSeconds(30));
                var list = await client.GetByteArrayAsync($"/crl/{EnrolledDevice.KeyIdOf(issuer).ToLowerInvariant()}.crl");
                var pem = PemEncoding.WriteString("X509 CRL", list) + "\n";
                await File.WriteAllTextAsync(ListOf(name), pem);
                lists.Add(pem);
            }

            await File.WriteAllTextAsync(Lists, string.Concat(lists));
        }

        private async Task WriteAsync(string name, IReadOnlyList<X509Certificate2> chain)
        {
            await File.WriteAllTextAsync(PathOf(name), Pem.Certificates([chain[0]]));
            await File.WriteAllTextAsync(Untrusted(name), Pem.Certificates([.. chain.Skip(1)]));
        }
    }
}
