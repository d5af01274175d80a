using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Client;
using IoTPlatform.Hosting.Observability;
using IoTPlatform.Identity;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Startup;
using IoTPlatform.Tenant.Tests.FirstBoot;
using IoTPlatform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Tenant.Tests.Support;

/// <summary>A whole tenant in this process: real first boot against <see cref="TestProvider"/>, real PostgreSQL, real TLS.</summary>
internal sealed class TestTenant : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly int _port = FreePort.Next();
    private TestTenant(TestProvider provider, TestDatabase database)
    {
        Provider = provider;
        Database = database;
    }

    public TestProvider Provider { get; }
    public TestDatabase Database { get; }
    public string Data => _folder.Combine("data");
    public Uri Url => new($"https://localhost:{_port}/");
    public ServerVerifier Trust => RootTrust.FromCertificate(Provider.Authority.Root).Tenant($"acme.{TestProvider.PlatformDomain}");
    public RunningTenant? Running { get; private set; }
    public string? JoinKey { get; set; } = TestProvider.JoinKey;
    public string? TenantId { get; set; }
    public string? Fingerprint { get; set; }
    public string? ManufacturerCa { get; set; }
    public string? FederationCa { get; set; }
    public string WireGuardSubnet { get; set; } = "10.64.0.0/16";
    public TimeSpan DeviceLifetime { get; set; } = TimeSpan.FromHours(24);
    public TimeSpan DeviceRenewalGrace { get; set; }
    public ObservabilityOptions Observability { get; set; } = new();
    public Authority Authority => Running!.Services.GetRequiredService<Authority>();

    /// <summary>Prepared, not started.</summary>
    public static async Task<TestTenant> CreateAsync()
    {
        var database = await TenantDatabase.CreateAsync();
        return new TestTenant(await TestProvider.StartAsync(), database);
    }

    public static async Task<TestTenant> StartAsync(Action<TestTenant>? configure = null)
    {
        var tenant = await CreateAsync();
        configure?.Invoke(tenant);
        await tenant.BootAsync();
        return tenant;
    }

    public TenantOptions Options() => Support.Options.Create(
        Data, $"https://127.0.0.1:{_port}", Provider.Url, Fingerprint ?? Provider.Fingerprint, JoinKey, TenantId, Database.ConnectionString,
        ManufacturerCa, WireGuardSubnet, DeviceLifetime, Observability, deviceRenewalGrace: DeviceRenewalGrace, federationCa: FederationCa);

    public async Task BootAsync(IFirstBootProgress? progress = null, TimeProvider? time = null, CancellationToken stop = default)
    {
        await StopAsync();
        RememberedPasswords.Use();
        Running = await TenantHost.StartAsync(Options(), progress ?? new RecordingProgress(), time ?? TimeProvider.System, stop, services => services.AddPreparedRsaKeys());
    }

    public async Task StopAsync()
    {
        if (Running is not null)
        {
            await Running.DisposeAsync();
        }

        Running = null;
    }

    public T Service<T>() where T : notnull => Running!.Services.GetRequiredService<T>();

    /// <summary>A client without session, with or without a certificate.</summary>
    public TenantClient Client(X509Certificate2? certificate = null, X509Certificate2Collection? chain = null) =>
        TenantClient.Create(Url, Trust, certificate, chain);

    public Task<TenantClient> AdminAsync() => Task.FromResult(As("admin", Roles.Admin));

    public TenantClient As(string username, string role)
    {
        var client = Client();
        client.UseToken(IssuedToken.Of(Running!.Services, username, role));
        return client;
    }

    public string InData(params string[] path) => Path.Combine([Data, .. path]);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Provider.DisposeAsync();
        await Database.DisposeAsync();
        _folder.Dispose();
    }
}
