using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using IoTPlatform.Client;
using IoTPlatform.Integration.Tests.Keycloak;
using IoTPlatform.LocalServices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Issuer;

/// <summary>Other people's programs, unmodified, at a stack's own issuer: <c>step oauth</c>, Apache's mod_auth_openidc. Libraries: <see cref="ClientLibrarySuite"/>.</summary>
public sealed class ForeignClientTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private ProviderStack _provider = null!;

    private string Issuer => new Uri(_provider.Url, "realms/cdm").AbsoluteUri;

    private string RootFile => Path.Combine(_provider.Data, "certs", "root_ca.crt");

    public async Task InitializeAsync() => _provider = await ProviderStack.StartAsync();

    public async Task DisposeAsync()
    {
        if (_provider is not null)
        {
            await _provider.DisposeAsync();
        }

        _folder.Dispose();
    }

    /// <summary>A native client with a loopback redirect, as the command line of the platform itself.</summary>
    [SkippableFact]
    public async Task StepOauth_OnTheSameMachine_GetsATokenThatTheApiTakes()
    {
        var port = FreePort.Next().ToString(CultureInfo.InvariantCulture);
        await using var step = ProcessUnderTest.Start(
            Requires.Tool("step"),
            ["oauth", "--provider", Issuer + "/.well-known/openid-configuration", "--client-id", "iot-cli", "--client-secret", "", "--scope", "iot-bridge-api", "--listen", "127.0.0.1:" + port, "--bare"],
            new Dictionary<string, string?> { ["SSL_CERT_FILE"] = RootFile, ["STEPPATH"] = _folder.Path, ["HOME"] = _folder.Path, ["BROWSER"] = "true" });
        var line = await step.WaitForLineAsync(text => text.Contains("https://", StringComparison.Ordinal));
        using var browser = new Browser();

        var page = await browser.SubmitAsync(await browser.GetAsync(new Uri(line[line.IndexOf("https://", StringComparison.Ordinal)..].Trim())), "sign-in", ("username", "admin"), ("password", ProviderStack.AdminPassword));
        await browser.SubmitAsync(page, "let-in", ("decision", "allow"));
        await step.WaitForExitAsync(TimeSpan.FromSeconds(30));

        using var program = ProviderClient.Create(_provider.Url, _provider.Trust.Provider("iot.example"));
        program.UseToken(step.Lines.Last(text => text.StartsWith("ey", StringComparison.Ordinal)).Trim());
        (await program.ListTenantsAsync()).Items.ShouldBeEmpty();
    }

    /// <summary>A page behind Apache, for the platform's administrators alone.</summary>
    [SkippableFact]
    public async Task ModAuthOpenidc_ProtectsAPage_ByThePlatformsRoles()
    {
        const string Module = "/usr/lib/apache2/modules/mod_auth_openidc.so";
        var apache = Requires.Tool("apache2");
        Requires.That(File.Exists(Module), "libapache2-mod-auth-openidc is not installed");
        var site = new Uri(string.Create(CultureInfo.InvariantCulture, $"https://localhost:{FreePort.Next()}/"));
        using var tenant = await JoiningTenant.PrepareAsync(_provider, "apache");
        var bundle = await tenant.JoinAsync(portal: site);
        await _provider.Database.ExecuteAsync("""
            INSERT INTO accounts.accounts (username, password_hash, roles, created_at)
            SELECT 'olga', password_hash, '{cdm-operator}', created_at FROM accounts.accounts WHERE username = 'admin'
            """);
        await WriteSiteAsync(site, bundle.CdmIdpClientId!, bundle.CdmIdpClientSecret!);
        await using var server = ProcessUnderTest.Start(apache, ["-X", "-f", _folder.Combine("apache.conf")]);
        await UntilListensAsync(site, server);

        (await SignInAsync(site, "admin")).Text.ShouldContain("for administrators");
        (await SignInAsync(site, "olga")).Status.ShouldBeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden);
    }

    private static async Task<BrowserPage> SignInAsync(Uri site, string username)
    {
        using var browser = new Browser();
        var form = await browser.GetAsync(new Uri(site, "index.html"));
        return await browser.SubmitAsync(form, "sign-in", ("username", username), ("password", ProviderStack.AdminPassword));
    }

    private async Task WriteSiteAsync(Uri site, string client, string secret)
    {
        using var certificates = new TestCertificates(_folder);
        Directory.CreateDirectory(_folder.Combine("www"));
        await File.WriteAllTextAsync(_folder.Combine("www", "index.html"), "<p>for administrators</p>");
        var modules = new[] { "mpm_event", "authn_core", "authz_core", "authz_user", "auth_openidc", "ssl", "socache_shmcb", "dir" };
        await File.WriteAllTextAsync(_folder.Combine("apache.conf"), $"""
            ServerRoot {_folder.Path}
            ServerName localhost
            PidFile {_folder.Combine("pid")}
            ErrorLog {_folder.Combine("error.log")}
            DefaultRuntimeDir {_folder.Path}
            Listen 127.0.0.1:{site.Port.ToString(CultureInfo.InvariantCulture)}
            {string.Join('\n', modules.Select(module => $"LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so"))}
            User nobody
            Group nogroup
            SSLEngine on
            SSLCertificateFile {certificates.ServerFile}
            SSLCertificateKeyFile {certificates.ServerKeyFile}
            DocumentRoot {_folder.Combine("www")}
            OIDCProviderMetadataURL {Issuer}/.well-known/openid-configuration
            OIDCCABundlePath {RootCopy()}
            OIDCClientID {client}
            OIDCClientSecret {secret}
            OIDCRedirectURI {new Uri(site, "portal/oidc/callback")}
            OIDCCryptoPassphrase {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}
            OIDCPKCEMethod S256
            OIDCScope "openid profile"
            OIDCRemoteUserClaim preferred_username
            <Location />
              AuthType openid-connect
              Require claim platform_roles:platform-admin
            </Location>
            """);
        (await Tools.RunAsync("chmod", ["-R", "a+rX", _folder.Path])).EnsureSuccess();
    }

    // The data folder is its owner's alone, and Apache serves as nobody.
    private string RootCopy()
    {
        var copy = _folder.Combine("platform.pem");
        File.Copy(RootFile, copy, overwrite: true);
        return copy;
    }

    private async Task UntilListensAsync(Uri site, ProcessUnderTest server)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var answer = await http.GetAsync(site);
                return;
            }
            catch (HttpRequestException) when (!server.HasExited && attempt < 200)
            {
                await Task.Delay(50);
            }
            catch (HttpRequestException e)
            {
                throw new InvalidOperationException($"apache does not serve: {server.Output}\n{(File.Exists(_folder.Combine("error.log")) ? await File.ReadAllTextAsync(_folder.Combine("error.log")) : "")}", e);
            }
        }
    }
}
