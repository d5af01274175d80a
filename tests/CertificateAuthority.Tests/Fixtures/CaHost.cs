using System.Net;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Jose;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>An authority as a host runs it: own database, own data folder, Kestrel with real TLS on a loopback port.</summary>
public sealed class CaHost : IAsyncDisposable
{
    private readonly TempFolder _temp;

    /// <summary>The folder's: it outlives the process.</summary>
    private readonly EphemeralDataProtectionProvider _protection = new();
    private WebApplication? _app;
    private EcSignatureKey? _tokenKey;

    private CaHost(TempFolder temp, TestDatabase database, DataFolder folder)
    {
        _temp = temp;
        Database = database;
        Folder = folder;
    }

    public TestDatabase Database { get; }

    public DataFolder Folder { get; }

    public LogCapture Logs { get; } = new();

    public CaPasswords Passwords { get; private set; } = null!;

    public CertificateAuthorityModule Module { get; private set; } = null!;

    public Authority Authority => Module.Authority;

    public Uri Url { get; private set; } = null!;

    public string RootFingerprint => Authority.RootFingerprint;

    public string ProvisionerPasswordFile => Folder.Combine("provisioner-password");

    public X509Certificate2 Root => Authority.Chain.Root;

    public static CertificateAuthorityOptions DefaultOptions { get; } = new() { PlatformDomain = "iot.example" };

    public static async Task<CaHost> StartAsync(
        CertificateAuthorityOptions? options = null,
        TimeProvider? time = null,
        Action<WebApplication>? map = null,
        Func<CaHost, Task<IssuerSet>>? issuers = null,
        Action<IServiceCollection>? services = null)
    {
        var temp = new TempFolder();
        var database = await PostgresServer.CreateDatabaseAsync(typeof(Authority).Assembly);
        var host = new CaHost(temp, database, DataFolder.Open(temp.Combine("data")));
        try
        {
            host.Passwords = CaPasswords.Resolve(host.Folder, _ => null);
            await host.StartModuleAsync(options ?? DefaultOptions, time ?? TimeProvider.System, issuers);
            await host.ListenAsync(map, services);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>The process ends and starts again on the same folder and database.</summary>
    public async Task RestartAsync()
    {
        await _app!.DisposeAsync();
        await Module.DisposeAsync();
        _tokenKey?.Dispose();
        _tokenKey = null;
        await StartModuleAsync(DefaultOptions, TimeProvider.System, issuers: null);
        await ListenAsync(map: null, services: null);
    }

    /// <summary>Trusts this authority's root and nothing else.</summary>
    public HttpClient Client(X509Certificate2? certificate = null) => Https.Client(Url, Root, certificate);

    /// <summary>Whose access token opens what the role opens.</summary>
    public HttpClient As(string username, string role)
    {
        var client = Client();
        client.DefaultRequestHeaders.Authorization = new("Bearer", IssuedToken.Of(_app!.Services, username, role));
        return client;
    }

    public EcSignatureKey TokenKey => _tokenKey ??= OpenTokenKey();

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        if (Module is not null)
        {
            await Module.DisposeAsync();
        }

        _tokenKey?.Dispose();
        Folder.Dispose();
        await Database.DisposeAsync();
        _temp.Dispose();
    }

    private EcSignatureKey OpenTokenKey()
    {
        var jwk = JsonWebKey.Parse(Pbes2Jwe.Decrypt(Module.IotBridge.EncryptedKey!, File.ReadAllText(ProvisionerPasswordFile).Trim()));
        return new EcSignatureKey(jwk.ToECDsa(), jwk.KeyId ?? jwk.Thumbprint());
    }

    private async Task StartModuleAsync(CertificateAuthorityOptions options, TimeProvider time, Func<CaHost, Task<IssuerSet>>? issuers)
    {
        var loggers = LoggerFactory.Create(l => l.AddProvider(Logs).SetMinimumLevel(LogLevel.Debug));
        var set = issuers is null
            ? await RootAndIntermediate.EnsureAsync(Folder, Passwords, options, Database.DataSource, time, loggers, CancellationToken.None)
            : await issuers(this);
        Module = await CertificateAuthorityModule.StartAsync(options, set, Database.DataSource, Folder, Passwords, time, loggers, CancellationToken.None);
    }

    private async Task ListenAsync(Action<WebApplication>? map, Action<IServiceCollection>? services)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(Logs).SetMinimumLevel(LogLevel.Debug);
        builder.WebHost.UseServiceCertificate(["https://127.0.0.1:0"], Module.ServiceCertificate);
        builder.Services.AddPreparedRsaKeys().AddPlatformHosting(Database.DataSource, TimeProvider.System).AddAuditLog().AddAccounts(new IssuerOptions { PublicUrl = new Uri("https://test.example/"), Realm = "cdm" });
        builder.Services.AddDataProtection();
        builder.Services.AddSingleton<IDataProtectionProvider>(_protection);
        builder.Services.AddCertificateAuthority(
            Module,
            Module.Options.Validation is { Base.IsLoopback: true } address ? new ValidationOptions(ListenAddress.Parse($"https://127.0.0.1:{address.Base.Port}"), address) : null);
        services?.Invoke(builder.Services);
        _app = builder.Build();
        _app.UsePlatformHosting();
        _app.MapStepCa();
        _app.MapAcme();
        _app.MapValidation();
        _app.MapCertificates();
        _app.MapProvisioners();
        map?.Invoke(_app);
        await _app.StartAsync();
        Url = new Uri(_app.Urls.Single());
    }
}
