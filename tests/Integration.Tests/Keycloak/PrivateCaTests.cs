using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.LocalServices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Npgsql;

namespace IoTPlatform.Integration.Tests.Keycloak;

/// <summary>Provider, tenant and the Keycloak of deploy/keycloak over TLS, every certificate from the platform's own CA: as the documentation says to run them.</summary>
public sealed class PrivateCaTests(PrivateCaTests.Fixture fixture) : IClassFixture<PrivateCaTests.Fixture>
{
    private const string Password = "correct horse";
    private const string Tenant = "umbrella";

    [SkippableFact]
    public async Task ProvidersAdmin_SignsInAtTheProvidersPortal()
    {
        using var browser = new Browser();
        var form = await browser.GetAsync((await browser.GetAsync(new Uri(fixture.Provider.Url, "portal"))).Link("Sign in"));

        var page = await browser.SubmitAsync(form, "login-actions", ("username", "ann"), ("password", Password));

        page["realm"].ShouldBe(fixture.Keycloak.Issuer("cdm"));
        page["roles"].ShouldBe("cdm-admin");
    }

    [SkippableFact]
    public async Task PlatformAdmin_SignsInAtATenantsPortal_ThroughTheProvidersRealm()
    {
        using var browser = new Browser();
        var form = await browser.GetAsync((await browser.GetAsync(new Uri(fixture.Tenant.Url, "portal"))).Link("Sign in"));
        var atProvider = await browser.GetAsync(form.Link("Platform provider"));

        var page = await browser.SubmitAsync(atProvider, "login-actions", ("username", "paula"), ("password", Password));

        page["realm"].ShouldBe(fixture.Keycloak.Issuer(Tenant));
        page["way"].ShouldBe("at the identity provider, through cdm-provider");
        page["roles"].ShouldBe("cdm-admin");
    }

    /// <summary>The provider has no Keycloak, and the tenant's Keycloak is a client of the provider's own issuer.</summary>
    [SkippableFact]
    public async Task ProvidersAdmin_OfAProviderWithoutKeycloak_SignsInAtATenantThatHasOne()
    {
        await fixture.RestartProviderAsync(caFile: null);
        try
        {
            await using var tenant = await fixture.JoinAsync("initech");
            using var browser = new Browser();
            var form = await browser.GetAsync((await browser.GetAsync(new Uri(tenant.Url, "portal"))).Link("Sign in"));
            var atProvider = await browser.GetAsync(form.Link("Platform provider"));

            var page = await browser.SubmitAsync(atProvider, "/realms/cdm/sign-in", ("username", "admin"), ("password", ProviderStack.AdminPassword));

            atProvider.Text.ShouldContain("tenant initech");
            page["name"].ShouldBe("cdm-provider.admin");
            page["way"].ShouldBe("at the identity provider, through cdm-provider");
            page["roles"].ShouldBe("cdm-admin");
        }
        finally
        {
            await fixture.RestartProviderAsync(fixture.CaFile);
        }
    }

    [SkippableFact]
    public async Task ShippedConfiguration_IsTlsOnly_WithHealthOnLoopback()
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        Uri Management(string host) => new(string.Create(CultureInfo.InvariantCulture, $"http://{host}:{fixture.Keycloak.ManagementPort}/metrics"));

        (await http.GetStringAsync(Management("127.0.0.1"))).ShouldContain("jvm_");
        await Should.ThrowAsync<HttpRequestException>(() => http.GetStringAsync(Management("127.0.0.2")));
        await Should.ThrowAsync<HttpRequestException>(() => http.GetStringAsync(new UriBuilder(fixture.Keycloak.Url) { Scheme = "http" }.Uri));
    }

    [SkippableFact]
    public async Task CaFile_WithoutTheIntermediate_KeycloakIsNotBelieved()
    {
        await fixture.RestartProviderAsync(fixture.RootFile);
        try
        {
            using var browser = new Browser();

            var page = await browser.GetAsync(new Uri(fixture.Provider.Url, "portal/oidc/login"));

            page.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
            await fixture.Provider.Process.WaitForLineAsync(line => line.Contains("came to nothing: ProviderDown", StringComparison.Ordinal));
        }
        finally
        {
            await fixture.RestartProviderAsync(fixture.CaFile);
        }
    }

    public sealed class Fixture : IAsyncLifetime
    {
        private readonly TempFolder _folder = new();
        private readonly Dictionary<string, string?> _settings = [];
        private TestDatabase? _database;
        private SocketPort? _databasePort;

        public ProviderStack Provider { get; private set; } = null!;
        public TenantStack Tenant { get; private set; } = null!;
        public KeycloakServer Keycloak { get; private set; } = null!;
        public string RootFile => _folder.Combine("root.pem");
        public string CaFile => _folder.Combine("ca.pem");

        public async Task InitializeAsync()
        {
            KeycloakServer.RequireProgram();
            Requires.Tool("step");
            Provider = await ProviderStack.StartAsync(_settings);
            _database = await PostgresServer.CreateEmptyDatabaseAsync();
            _databasePort = SocketPort.To(_database);
            Keycloak = await KeycloakServer.StartShippedAsync(await CertifyAsync(FreePort.Next()));
            await RestartProviderAsync(CaFile);
            using (var admin = await Provider.AdminAsync(TimeSpan.FromMinutes(3)))
            {
                await admin.InitIdentityAsync(new InitIdentityRequest { Username = KeycloakServer.Admin, Password = Keycloak.AdminPassword });
            }

            await Keycloak.AddUserAsync("cdm", "ann", Password, "cdm-admin");
            await Keycloak.AddUserAsync("cdm", "paula", Password, "platform-admin");
            Tenant = await JoinAsync(PrivateCaTests.Tenant);
        }

        /// <summary>A tenant with a realm of the one Keycloak, and the provider's staff in it.</summary>
        public async Task<TenantStack> JoinAsync(string tenantId)
        {
            var tenant = await TenantStack.LaunchAsync(Provider, tenantId, (await Provider.PrepareAsync(tenantId)).JoinKey, new Dictionary<string, string?>
            {
                ["KEYCLOAK_URL"] = Keycloak.Url.AbsoluteUri,
                ["IOT_KEYCLOAK_ADMIN_PASSWORD"] = Keycloak.AdminPassword,
                ["IOT_IDENTITY"] = "keycloak",
                ["IOT_OIDC_ISSUER"] = Keycloak.Issuer(tenantId),
                ["IOT_OIDC_CA"] = CaFile,
            });
            await tenant.Process.WaitForLineAsync("ready ", TimeSpan.FromSeconds(180));
            await tenant.Process.WaitForLineAsync(line => line.Contains("mapper username created", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
            return tenant;
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

            if (Keycloak is not null)
            {
                await Keycloak.DisposeAsync();
            }

            if (_databasePort is not null)
            {
                await _databasePort.DisposeAsync();
            }

            if (_database is not null)
            {
                await _database.DisposeAsync();
            }

            _folder.Dispose();
        }

        /// <param name="caFile">Who may certify its Keycloak; null: it has none, and is its own issuer.</param>
        public async Task RestartProviderAsync(string? caFile)
        {
            _settings["IOT_IDENTITY"] = caFile is null ? null : "keycloak";
            _settings["IOT_OIDC_ISSUER"] = caFile is null ? null : Keycloak.Issuer("cdm");
            _settings["IOT_OIDC_CA"] = caFile;
            await Provider.RestartAsync();
        }

        /// <summary>A certificate for Keycloak with the step CLI, and the file of those who may have signed it.</summary>
        private async Task<KeycloakSite> CertifyAsync(int port)
        {
            await File.WriteAllTextAsync(RootFile, Provider.Trust.Root.ExportCertificatePem() + "\n");
            var (certificate, key) = (_folder.Combine("server.crt"), _folder.Combine("server.key"));
            (await Tools.RunAsync(
                Requires.Tool("step"),
                [
                    "ca", "certificate", "localhost", certificate, key, "--ca-url", Provider.Url.GetLeftPart(UriPartial.Authority), "--root", RootFile,
                    "--provisioner", "iot-bridge", "--provisioner-password-file", Path.Combine(Provider.Data, "provisioner-password"),
                ],
                environment: new Dictionary<string, string?> { ["STEPPATH"] = _folder.Combine("step"), ["HOME"] = _folder.Path })).EnsureSuccess();
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(certificate);
            await File.WriteAllTextAsync(CaFile, string.Concat(chain.Skip(1).Append(Provider.Trust.Root).Select(ca => ca.ExportCertificatePem() + "\n")));
            return new KeycloakSite
            {
                Port = port,
                CertificateFile = certificate,
                KeyFile = key,
                TrustedRootFile = RootFile,
                DatabaseUrl = string.Create(CultureInfo.InvariantCulture, $"jdbc:postgresql://127.0.0.1:{_databasePort!.Port}/{_database!.Name}"),
                DatabaseUser = new NpgsqlConnectionStringBuilder(_database.ConnectionString).Username!,
            };
        }
    }
}
