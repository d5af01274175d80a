using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Interop.Tests.Acme;

/// <summary>ACME clients of others, unmodified, against a provider process.</summary>
public sealed class AcmeClientTests(AcmeClientTests.Host host) : IClassFixture<AcmeClientTests.Host>, IDisposable
{
    private const string Name = "localhost";
    private readonly TempFolder _folder = new();

    [SkippableFact]
    public async Task Step_ProvesAndRenews()
    {
        using var step = await new StepCli(new StepTarget(host.Provider.Url, host.Provider.Trust.Fingerprint, "")).BootstrapAsync();

        (await step.RunAsync("ca", "certificate", Name, "a.crt", "a.key", "--provisioner", "acme", "--standalone", "--http-listen", $"127.0.0.1:{host.HttpPort}", "--force")).EnsureSuccess();
        (await step.RunAsync("ca", "renew", "a.crt", "a.key", "--force")).EnsureSuccess();

        RequireOurs(step.Read("a.crt"), Name);
    }

    [SkippableTheory]
    [InlineData("--http", "--http.port")]
    [InlineData("--tls", "--tls.port")]
    public async Task Lego_ProvesRenewsAndRevokes(string challenge, string port)
    {
        var lego = Requires.Tool("lego");
        var folder = _folder.Combine("lego");
        string[] common =
        [
            "--server", host.Directory, "--email", "ops@iot.example", "--accept-tos", "--path", folder, "--domains", Name,
            challenge, port, $"127.0.0.1:{(port == "--http.port" ? host.HttpPort : host.TlsPort).ToString(CultureInfo.InvariantCulture)}",
        ];

        (await RunAsync("run")).EnsureSuccess();
        var first = await ReadAsync();
        RequireOurs(first, Name);
        (await RunAsync("renew", "--days", "90", "--no-random-sleep")).EnsureSuccess();
        var second = await ReadAsync();
        second.ShouldNotBe(first);
        (await RunAsync("revoke")).EnsureSuccess();

        (await RevokedAsync(second)).ShouldBeTrue();
        (await RevokedAsync(first)).ShouldBeFalse();

        Task<ToolResult> RunAsync(params string[] command) => Tools.RunAsync(lego, [.. common, .. command], environment: new Dictionary<string, string?> { ["LEGO_CA_CERTIFICATES"] = host.Root });
        Task<string> ReadAsync() => File.ReadAllTextAsync(Path.Combine(folder, "certificates", Name + ".crt"));
    }

    [SkippableFact]
    public async Task Certbot_ProvesRenewsAndRevokes()
    {
        var certbot = Requires.Tool("certbot");
        string[] folders = ["--config-dir", _folder.Combine("certbot"), "--work-dir", _folder.Combine("work"), "--logs-dir", _folder.Combine("logs"), "--non-interactive"];
        var live = Path.Combine(_folder.Combine("certbot"), "live", Name);

        (await RunAsync(
            "certonly", "--standalone", "--agree-tos", "-m", "ops@iot.example", "--server", host.Directory, "-d", Name,
            "--http-01-port", host.HttpPort.ToString(CultureInfo.InvariantCulture), "--http-01-address", "127.0.0.1")).EnsureSuccess();
        var first = await File.ReadAllTextAsync(Path.Combine(live, "fullchain.pem"));
        RequireOurs(first, Name);
        (await RunAsync("renew", "--force-renewal", "--no-random-sleep-on-renew")).EnsureSuccess();
        (await File.ReadAllTextAsync(Path.Combine(live, "fullchain.pem"))).ShouldNotBe(first);
        (await RunAsync("revoke", "--cert-name", Name, "--no-delete-after-revoke", "--reason", "keycompromise")).EnsureSuccess();

        (await RevokedAsync(await File.ReadAllTextAsync(Path.Combine(live, "fullchain.pem")))).ShouldBeTrue();

        Task<ToolResult> RunAsync(params string[] command) => Tools.RunAsync(certbot, [.. command, .. folders], environment: new Dictionary<string, string?> { ["REQUESTS_CA_BUNDLE"] = host.Root });
    }

    /// <summary>External account binding (RFC 8555 7.3.4): the operator's key makes the account, and only one.</summary>
    [SkippableFact]
    public async Task Certbot_WithAKeyOfTheOperator_GetsAnAccount()
    {
        var certbot = Requires.Tool("certbot");
        var key = await host.BoundKeyAsync();

        (await RunAsync("without")).ExitCode.ShouldNotBe(0);
        (await RunAsync("with", "--eab-kid", key.Id, "--eab-hmac-key", key.HmacKey)).EnsureSuccess();
        RequireOurs(await File.ReadAllTextAsync(Path.Combine(_folder.Combine("with"), "live", Name, "fullchain.pem")), Name, Host.Bound);
        (await RunAsync("again", "--eab-kid", key.Id, "--eab-hmac-key", key.HmacKey)).ExitCode.ShouldNotBe(0, "the key has made its account");

        Task<ToolResult> RunAsync(string folder, params string[] more) => Tools.RunAsync(
            certbot,
            [
                "certonly", "--standalone", "--agree-tos", "-m", "ops@iot.example", "--server", host.DirectoryOf(Host.Bound), "-d", Name,
                "--http-01-port", host.HttpPort.ToString(CultureInfo.InvariantCulture), "--http-01-address", "127.0.0.1",
                "--config-dir", _folder.Combine(folder), "--work-dir", _folder.Combine("work"), "--logs-dir", _folder.Combine("logs"), "--non-interactive", .. more,
            ],
            environment: new Dictionary<string, string?> { ["REQUESTS_CA_BUNDLE"] = host.Root });
    }

    [SkippableFact]
    public async Task Lego_WithAKeyOfTheOperator_GetsAnAccount()
    {
        var lego = Requires.Tool("lego");
        var key = await host.BoundKeyAsync();

        (await RunAsync("without")).ExitCode.ShouldNotBe(0);
        (await RunAsync("with", "--eab", "--kid", key.Id, "--hmac", key.HmacKey)).EnsureSuccess();
        RequireOurs(await File.ReadAllTextAsync(Path.Combine(_folder.Combine("with"), "certificates", Name + ".crt")), Name, Host.Bound);
        (await RunAsync("again", "--eab", "--kid", key.Id, "--hmac", key.HmacKey)).ExitCode.ShouldNotBe(0, "the key has made its account");

        Task<ToolResult> RunAsync(string folder, params string[] more) => Tools.RunAsync(
            lego,
            [
                "--server", host.DirectoryOf(Host.Bound), "--email", "ops@iot.example", "--accept-tos", "--path", _folder.Combine(folder), "--domains", Name,
                "--http", "--http.port", $"127.0.0.1:{host.HttpPort.ToString(CultureInfo.InvariantCulture)}", .. more, "run",
            ],
            environment: new Dictionary<string, string?> { ["LEGO_CA_CERTIFICATES"] = host.Root });
    }

    [SkippableFact]
    public async Task Dehydrated_ProvesRenewsAndRevokes()
    {
        var dehydrated = Requires.Tool("dehydrated");
        await using var answers = ChallengeFolder.Serve(_folder.Combine("answers"), host.HttpPort);
        var config = _folder.Combine("dehydrated.conf");
        await File.WriteAllTextAsync(config, $"""
            CA="{host.Directory}"
            BASEDIR="{_folder.Combine("dehydrated")}"
            WELLKNOWN="{answers.Path}"
            CURL_OPTS="--cacert {host.Root}"
            CONTACT_EMAIL="ops@iot.example"
            """);
        Directory.CreateDirectory(_folder.Combine("dehydrated"));
        var chain = Path.Combine(_folder.Combine("dehydrated"), "certs", Name, "fullchain.pem");

        (await RunAsync("--register", "--accept-terms")).EnsureSuccess();
        (await RunAsync("--cron", "--domain", Name)).EnsureSuccess();
        var first = await File.ReadAllTextAsync(chain);
        RequireOurs(first, Name);
        (await RunAsync("--cron", "--domain", Name, "--force")).EnsureSuccess();
        (await File.ReadAllTextAsync(chain)).ShouldNotBe(first);
        var second = await File.ReadAllTextAsync(chain);
        (await RunAsync("--revoke", chain)).EnsureSuccess();

        (await RevokedAsync(second)).ShouldBeTrue();

        Task<ToolResult> RunAsync(params string[] command) => Tools.RunAsync(dehydrated, [.. command, "--config", config]);
    }

    /// <summary>It trusts the machine's roots alone, so it runs where the platform's root is the only one of them. It takes no name without dots: an address it is.</summary>
    [SkippableFact]
    public async Task Uacme_BoundToAKey_ProvesRenewsAndRevokes()
    {
        const string Address = "127.0.0.1";
        var uacme = Requires.Tool("uacme");
        var unshare = Requires.Tool("unshare");
        var key = await host.BoundKeyAsync();
        await using var answers = ChallengeFolder.Serve(_folder.Combine("answers"), host.HttpPort);
        var hook = _folder.Combine("hook");
        await File.WriteAllTextAsync(hook, $"""
            #!/bin/sh
            # method type identifier token authorization
            [ "$2" = http-01 ] || exit 1
            case $1 in begin) printf %s "$5" > "{answers.Path}/$4" ;; *) rm -f "{answers.Path}/$4" ;; esac
            """);
        File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var certificate = Path.Combine(_folder.Combine("uacme"), Address, "cert.pem");

        (await RunAsync("--eab", $"{key.Id}:{key.HmacKey}", "new", "ops@iot.example")).EnsureSuccess();
        (await RunAsync("--hook", hook, "issue", Address)).EnsureSuccess();
        var first = await File.ReadAllTextAsync(certificate);
        RequireOurs(first, Address, Host.Bound);
        (await RunAsync("--force", "--hook", hook, "issue", Address)).EnsureSuccess();
        var second = await File.ReadAllTextAsync(certificate);
        second.ShouldNotBe(first);
        (await RunAsync("revoke", certificate)).EnsureSuccess();

        (await RevokedAsync(second)).ShouldBeTrue();

        Task<ToolResult> RunAsync(params string[] command) => Tools.RunAsync(
            unshare,
            [
                "--mount", "--map-root-user", "sh", "-c", $"mount --bind '{host.Root}' /etc/ssl/certs/ca-certificates.crt && exec \"$@\"", "sh",
                uacme, "--yes", "--no-ocsp", "--acme-url", host.DirectoryOf(Host.Bound), "--confdir", _folder.Combine("uacme"), .. command,
            ]);
    }

    /// <summary>The edge as deploy/caddy has it: before a service of the provider, with certificates that come and renew by themselves.</summary>
    [SkippableFact]
    public async Task Caddy_AsDeployed_ServesTheProviderAndRenewsByItself()
    {
        var caddy = Requires.Tool("caddy");
        using (var admin = await host.Provider.AdminAsync())
        {
            await admin.SaveProvisionerAsync(
                "edge", JsonElement.Parse("""{"type":"ACME","name":"edge","claims":{"minTLSCertDuration":"1m","defaultTLSCertDuration":"1m","maxTLSCertDuration":"1m"},"policy":{"x509":{"allow":{"dns":["localhost"]}}}}"""));
        }

        await using var process = ProcessUnderTest.Start(
            caddy, ["run", "--config", Path.Combine(Tools.RepositoryRoot, "deploy", "caddy", "Caddyfile"), "--adapter", "caddyfile"],
            new Dictionary<string, string?>
            {
                ["HOME"] = _folder.Path,
                ["XDG_DATA_HOME"] = _folder.Combine("xdg"),
                ["XDG_CONFIG_HOME"] = _folder.Combine("xdg"),
                ["EDGE_NAME"] = Name,
                ["EDGE_HTTP_PORT"] = host.HttpPort.ToString(CultureInfo.InvariantCulture),
                ["EDGE_HTTPS_PORT"] = host.TlsPort.ToString(CultureInfo.InvariantCulture),
                ["EDGE_STORAGE"] = _folder.Combine("edge"),
                ["EDGE_RENEW_INTERVAL"] = "1s",
                ["EDGE_ACME_DIRECTORY"] = host.DirectoryOf("edge"),
                ["EDGE_ROOT"] = host.Root,
                ["EDGE_UPSTREAM"] = host.Provider.Url.GetLeftPart(UriPartial.Authority),
                ["EDGE_UPSTREAM_NAME"] = Name,
            });

        using var first = await ServedAsync(process);
        RequireOurs(first.ExportCertificatePem(), Name, "edge");
        using var client = AnyServerHttp.Create(new Uri($"https://{Name}:{host.TlsPort}/"), [host.Provider.Trust.Root], client: null, TimeSpan.FromSeconds(30));
        (await client.GetStringAsync("health")).ShouldContain("ok");

        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            patience.IsCancellationRequested.ShouldBeFalse(process.Output);
            using var served = await ServedAsync(process);
            if (served.SerialNumber != first.SerialNumber)
            {
                RequireOurs(served.ExportCertificatePem(), Name, "edge");
                return;
            }

            await Task.Delay(500, CancellationToken.None);
        }
    }

    [SkippableTheory]
    [InlineData("http-01", "disable_tlsalpn_challenge")]
    [InlineData("tls-alpn-01", "disable_http_challenge")]
    public async Task Caddy_ThatProvesInOneWay_ServesWithACertificateThatItGotItself(string challenge, string withoutTheOther)
    {
        await using var caddy = await StartCaddyAsync(options: "", $"https://{Name}:{host.TlsPort}", tls: "", withoutTheOther);

        using var leaf = await ServedAsync(caddy);

        RequireOurs(leaf.ExportCertificatePem(), Name);
        (await ProvenByAsync(leaf)).ShouldBe(challenge);
    }

    /// <summary>A name has a certificate when somebody comes with it and whoever is asked says yes, and not before; for another there is none.</summary>
    [SkippableFact]
    public async Task Caddy_OnDemand_GetsACertificateForEachNameThatIsAllowed()
    {
        string[] names = ["one.shop.test", "two.shop.test"];
        const string Refused = "three.shop.test";
        await using var asked = new AskedServer(FreePort.Next(), names);
        await using var caddy = await StartCaddyAsync(
            $$"""
            on_demand_tls {
              ask {{asked.Url}}
            }
            """,
            $"https://:{host.TlsPort}", tls: "on_demand");

        foreach (var name in names)
        {
            (await IssuedAsync(name)).ShouldBe(0);
            using var leaf = await ServedAsync(caddy, name);
            RequireOurs(leaf.ExportCertificatePem(), name);
        }

        (await ShownAsync(Refused, CancellationToken.None)).ShouldBeNull();

        asked.Asked.ShouldContain(Refused);
        (await IssuedAsync(Refused)).ShouldBe(0);
        (await host.Provider.Database.ScalarAsync<long>("SELECT count(*) FROM acme.authorizations WHERE value = $1", Refused)).ShouldBe(0, "nothing was ordered");
        using var again = await ServedAsync(caddy, names[0]);
        (await IssuedAsync(names[0])).ShouldBe(1);

        Task<long> IssuedAsync(string name) => host.Provider.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE $1 = ANY(sans)", name);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Of one site, with certificates of this provider.</summary>
    /// <param name="options">Global ones.</param>
    /// <param name="site">Address.</param>
    /// <param name="tls">What else it says of TLS.</param>
    /// <param name="issuer">What else it says of the issuer.</param>
    private async Task<ProcessUnderTest> StartCaddyAsync(string options, string site, string tls, string issuer = "")
    {
        var caddy = Requires.Tool("caddy");
        var file = _folder.Combine("Caddyfile");
        await File.WriteAllTextAsync(file, $$"""
            {
              admin off
              http_port {{host.HttpPort}}
              https_port {{host.TlsPort}}
              storage file_system {{_folder.Combine("caddy")}}
              {{options}}
            }
            {{site}} {
              bind 127.0.0.1
              tls {
                {{tls}}
                issuer acme {
                  dir {{host.Directory}}
                  trusted_roots {{host.Root}}
                  {{issuer}}
                }
              }
              respond "served"
            }
            """);
        return ProcessUnderTest.Start(caddy, ["run", "--config", file, "--adapter", "caddyfile"], new Dictionary<string, string?> { ["HOME"] = _folder.Path });
    }

    /// <summary>What the server at the port of HTTPS shows, once it has a certificate of ours.</summary>
    private async Task<X509Certificate2> ServedAsync(ProcessUnderTest server, string name = Name)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            patience.IsCancellationRequested.ShouldBeFalse(server.Output);
            if (await ShownAsync(name, patience.Token) is { } shown)
            {
                return shown;
            }

            await Task.Delay(200, CancellationToken.None);
        }
    }

    /// <summary>Null: there is no server, or it has no certificate for that name.</summary>
    private async Task<X509Certificate2?> ShownAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            using var tcp = new TcpClient();
            await tcp.ConnectAsync(IPAddress.Loopback, host.TlsPort, cancellationToken);
            X509Certificate2? shown = null;
            await using var tls = new SslStream(tcp.GetStream());
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = name,
                    RemoteCertificateValidationCallback = (_, certificate, _, _) => (shown = X509CertificateLoader.LoadCertificate(certificate!.GetRawCertData())) is not null,
                }, cancellationToken);
            return shown;
        }
        catch (Exception e) when (e is SocketException or IOException or System.Security.Authentication.AuthenticationException)
        {
            return null;
        }
    }

    /// <summary>By which challenge the name of its order was.</summary>
    private Task<string?> ProvenByAsync(X509Certificate2 leaf) => host.Provider.Database.ScalarAsync<string>(
        "SELECT c.type FROM acme.orders o JOIN acme.authorizations a ON a.order_id = o.id JOIN acme.challenges c ON c.authorization_id = a.id WHERE o.serial = $1 AND c.status = 'valid'",
        leaf.SerialNumberBytes.ToArray());

    private static void RequireOurs(string chainPem, string name, string provisioner = Host.Provisioner)
    {
        using var leaf = X509Certificate2.CreateFromPem(chainPem);
        var parsed = ParsedCertificate.Parse(leaf.RawDataMemory);
        parsed.Names.AllSans.ShouldBe([name]);
        parsed.StepProvisioner!.Name.ShouldBe(provisioner);
        leaf.Issuer.ShouldBe("CN=IoTPlatform Intermediate CA");
    }

    private async Task<bool> RevokedAsync(string chainPem)
    {
        using var leaf = X509Certificate2.CreateFromPem(chainPem);
        return await host.Provider.Database.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM ca.revocations WHERE serial = $1)", leaf.SerialNumberBytes.ToArray());
    }

    public sealed class Host : IAsyncLifetime
    {
        public const string Provisioner = "acme";

        /// <summary>One of the database, whose accounts are bound to keys of the operator.</summary>
        public const string Bound = "bound";

        private readonly TempFolder _folder = new();
        private readonly LoopbackDns _dns = new();

        public ProviderStack Provider { get; private set; } = null!;

        /// <summary>Where clients have to answer.</summary>
        public int HttpPort { get; } = FreePort.Next();

        public int TlsPort { get; } = FreePort.Next();

        public string Directory => DirectoryOf(Provisioner);

        /// <summary>The root's file.</summary>
        public string Root => _folder.Combine("root.pem");

        public string DirectoryOf(string provisioner) => new Uri(Provider.Url, $"acme/{provisioner}/directory").ToString();

        public async Task<ExternalAccountCredentials> BoundKeyAsync()
        {
            using var admin = await Provider.AdminAsync();
            await admin.SaveProvisionerAsync(Bound, JsonElement.Parse($$"""{"type":"ACME","name":"{{Bound}}","requireEAB":true}"""));
            return await admin.AddExternalAccountKeyAsync(Bound, new AddExternalAccountKeyRequest());
        }

        public async Task InitializeAsync()
        {
            Provider = await ProviderStack.StartAsync(new Dictionary<string, string?>
            {
                ["IOT_ACME"] = Provisioner,
                ["IOT_ACME_NETWORKS"] = "127.0.0.1/32,::1/128",
                ["IOT_ACME_HTTP_PORT"] = HttpPort.ToString(CultureInfo.InvariantCulture),
                ["IOT_ACME_TLS_PORT"] = TlsPort.ToString(CultureInfo.InvariantCulture),
                ["IOT_ACME_RESOLVER"] = _dns.Address.ToString(),
            });
            await File.WriteAllTextAsync(Root, Provider.Trust.Root.ExportCertificatePem());
        }

        public async Task DisposeAsync()
        {
            await Provider.DisposeAsync();
            await _dns.DisposeAsync();
            _folder.Dispose();
        }
    }
}
