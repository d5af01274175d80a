using IoTPlatform.Client;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Keycloak;
using IoTPlatform.LocalServices;

namespace IoTPlatform.Iot;

/// <summary>A private Keycloak, with the provider's realm and each tenant's.</summary>
internal sealed class DemoKeycloak : IAsyncDisposable
{
    private const string ProviderRealm = "cdm";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);
    private readonly KeycloakFolder _files;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(10) };

    private DemoKeycloak(KeycloakFolder files, DemoService process)
    {
        _files = files;
        Process = process;
    }

    public DemoService Process { get; }

    public Uri Url => _files.Url;

    public IReadOnlyDictionary<string, string?> ProviderSettings => Identity(ProviderRealm);

    /// <summary>Starts it and does not wait: it takes half a minute.</summary>
    public static async Task<DemoKeycloak> LaunchAsync(DemoFolder folder, bool keep, CancellationToken cancellationToken)
    {
        var program = KeycloakProgram.Find(BuildOutput.RepositoryRoot) ?? throw CliException.Failed(
            "no_keycloak", "no Keycloak: neither KEYCLOAK_HOME nor kc.sh on PATH leads to one; unpack https://www.keycloak.org/downloads and set KEYCLOAK_HOME to the folder, or leave out --identity keycloak");
        Expect.That(KeycloakProgram.HasJava, "Keycloak needs Java 17 or newer; install it (Debian: apt-get install default-jre-headless), or set JAVA_HOME");
        var ports = FreePort.Next(2);
        var files = new KeycloakFolder(folder.Create("keycloak"), program, ports[0], ports[1]);
        return new DemoKeycloak(files, DemoService.Start(folder, "keycloak", await files.ServerAsync(cancellationToken), keep));
    }

    public IReadOnlyDictionary<string, string?> TenantSettings(string tenant) => new Dictionary<string, string?>(Identity(tenant), StringComparer.Ordinal)
    {
        ["KEYCLOAK_URL"] = Url.AbsoluteUri,
        ["IOT_KEYCLOAK_ADMIN_PASSWORD"] = _files.AdminPassword,
    };

    /// <summary>Until it answers, and has the provider's realm.</summary>
    public async Task InitAsync(ProviderClient admin, TimeProvider time, CancellationToken cancellationToken)
    {
        await Process.WaitUntilAsync(IsReadyAsync, Patience, time, cancellationToken);
        await admin.InitIdentityAsync(new InitIdentityRequest { Username = KeycloakFolder.Admin, Password = _files.AdminPassword }, cancellationToken);
    }

    public async Task<DemoStaff> HireAsync(DemoFolder folder, CancellationToken cancellationToken)
    {
        var issuer = new OidcOptions { Issuer = _files.Issuer(ProviderRealm) };
        using var keycloak = new KeycloakHttp(issuer);
        var admin = await KeycloakAdmin.SignInAsync(keycloak, new KeycloakRealm(issuer), "master", KeycloakFolder.Admin, _files.AdminPassword, cancellationToken);
        return await DemoStaff.HireAsync(folder, admin, cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return Process.DisposeAsync();
    }

    private Dictionary<string, string?> Identity(string realm) => new(StringComparer.Ordinal) { ["IOT_IDENTITY"] = "keycloak", ["IOT_OIDC_ISSUER"] = _files.Issuer(realm) };

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync(_files.Health, cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
