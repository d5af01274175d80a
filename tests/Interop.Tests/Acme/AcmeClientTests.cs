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
    public async Task Caddy_ServesWithACertificateThatItGotItself()
    {
        var caddy = Requires.Tool("caddy");
        var file = _folder.Combine("Caddyfile");
        await File.WriteAllTextAsync(file, $$"""
            {
              admin off
              http_port {{host.HttpPort}}
              https_port {{host.TlsPort}}
              storage file_system {{_folder.Combine("caddy")}}
            }
            https://{{Name}}:{{host.TlsPort}} {
              bind 127.0.0.1
              tls {
                issuer acme {
                  dir {{host.Directory}}
                  trusted_roots {{host.Root}}
                }
              }
              respond "served"
            }
            """);
        await using var process = ProcessUnderTest.Start(caddy, ["run", "--config", file, "--adapter", "caddyfile"], new Dictionary<string, string?> { ["HOME"] = _folder.Path });

        using var leaf = await ServedAsync(process);

        RequireOurs(leaf.ExportCertificatePem(), Name);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>What the server at the port of HTTPS shows, once it has a certificate of ours.</summary>
    private async Task<X509Certificate2> ServedAsync(ProcessUnderTest server)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            patience.IsCancellationRequested.ShouldBeFalse(server.Output);
            try
            {
                using var tcp = new TcpClient();
                await tcp.ConnectAsync(IPAddress.Loopback, host.TlsPort, patience.Token);
                X509Certificate2? shown = null;
                await using var tls = new SslStream(tcp.GetStream());
                await tls.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions
                    {
                        TargetHost = Name,
                        RemoteCertificateValidationCallback = (_, certificate, _, _) => (shown = X509CertificateLoader.LoadCertificate(certificate!.GetRawCertData())) is not null,
                    }, patience.Token);
                return shown!;
            }
            catch (Exception e) when (e is SocketException or IOException or System.Security.Authentication.AuthenticationException)
            {
                await Task.Delay(200, CancellationToken.None);
            }
        }
    }

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
            });
            await File.WriteAllTextAsync(Root, Provider.Trust.Root.ExportCertificatePem());
        }

        public async Task DisposeAsync()
        {
            await Provider.DisposeAsync();
            _folder.Dispose();
        }
    }
}
