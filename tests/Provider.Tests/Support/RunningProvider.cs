using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Features.Federation;
using IoTPlatform.Provider.Startup;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.Provider.Tests.Support;

/// <summary>A provider in this process: real Kestrel, real TLS, real PostgreSQL, a clock that stands still.</summary>
internal sealed class RunningProvider : IAsyncDisposable
{
    public const string AdminPassword = "correct horse battery staple";

    private readonly TempFolder _folder;
    private readonly Action<IServiceCollection>? _replace;
    private readonly string _url;
    private readonly List<ApiCaller> _callers = [];
    private ProviderFoundation _foundation = null!;
    private WebApplication _app = null!;
    private ApiCaller? _admin;
    private DateTimeOffset _adminUntil;

    private RunningProvider(TestDatabase database, TempFolder folder, string url, Action<IServiceCollection>? replace)
    {
        Database = database;
        _folder = folder;
        _url = url;
        _replace = replace;
    }

    public TestDatabase Database { get; }
    public FakeTime Time { get; } = new(TimeProvider.System.GetUtcNow());
    public Uri Url => new(_url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal) + "/");
    public string DataFolder => _folder.Combine("data");
    public LogCapture Log { get; } = new();
    public StringWriter Output { get; } = new();

    /// <summary>In place of the usual ones from the next start on; null removes one.</summary>
    public Dictionary<string, string?> Settings { get; } = [];

    public ProviderOptions Options => _foundation.Options;
    public IServiceProvider Services => _app.Services;
    public Authority Authority => _foundation.Ca.Authority;
    public X509Certificate2 Root => Authority.Chain.Root;

    public static async Task<RunningProvider> StartAsync(Action<IServiceCollection>? replace = null, IReadOnlyDictionary<string, string?>? settings = null)
    {
        var database = await PostgresServer.CreateDatabaseAsync(typeof(Authority).Assembly, typeof(Program).Assembly);
        var provider = new RunningProvider(database, new TempFolder(), $"https://127.0.0.1:{FreePort.Next()}", replace);
        foreach (var (name, value) in settings ?? new Dictionary<string, string?>())
        {
            provider.Settings[name] = value;
        }

        await provider.StartAgainAsync();
        return provider;
    }

    public async Task StartAgainAsync()
    {
        var values = new Dictionary<string, string?>
        {
            [ProviderSettings.Data] = DataFolder,
            [ListenAddress.Setting] = _url,
            [ProviderSettings.Names] = "localhost,127.0.0.1,provider.iot.example,192.0.2.7",
            [ProviderSettings.PublicUrl] = Url.ToString(),
            [ProviderSettings.PlatformDomain] = "iot.example",
            [DatabaseSetting.Name] = Database.ConnectionString,
            [AdminPasswordSetting.Name] = AdminPassword,
        };
        foreach (var (name, value) in Settings)
        {
            values[name] = value;
        }

        RememberedPasswords.Use();
        var options = ProviderOptionsReader.Read(ProviderSettings.Load([], values.Where(s => s.Value is not null).ToDictionary(s => s.Key, s => s.Value!)));
        _foundation = await ProviderFoundation.BootstrapAsync(options, Time, LoggerFactory.Create(logging => logging.AddProvider(Log)), Output, CancellationToken.None);
        _app = Program.Build(_foundation, services =>
        {
            services.AddLogging(logging => logging.ClearProviders());
            services.AddPreparedRsaKeys();
            _replace?.Invoke(services);
        });
        await _app.StartAsync();
    }

    /// <summary>The reason why a start with these settings is refused. The provider is stopped.</summary>
    public async Task<string> RefusalAsync(params (string Name, string? Value)[] settings)
    {
        foreach (var (name, value) in settings)
        {
            Settings[name] = value;
        }

        var message = (await Should.ThrowAsync<StartupException>(StartAgainAsync)).Message;
        Settings.Clear();
        return message;
    }

    public async Task StopAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _foundation.DisposeAsync();
    }

    public Uri At(string path) => new(Url, path);

    public ApiCaller Anonymous(X509Certificate2? client = null, X509Certificate2Collection? chain = null)
    {
        var caller = new ApiCaller(Url, Root, client, chain);
        lock (_callers)
        {
            _callers.Add(caller);
        }

        return caller;
    }

    public Task<ApiCaller> AdminAsync()
    {
        if (_admin is null || Time.GetUtcNow() >= _adminUntil)
        {
            _admin = As("admin", Roles.Admin);
            _adminUntil = Time.GetUtcNow() + TimeSpan.FromHours(7);
        }

        return Task.FromResult(_admin);
    }

    public ApiCaller As(string username, string role)
    {
        var caller = Anonymous();
        caller.Bearer = IssuedToken.Of(Services, username, role);
        return caller;
    }

    public async Task<Answer> TryPrepareAsync(string tenantId, string displayName = "Acme", params string[] dnsDomains)
    {
        var admin = await AdminAsync();
        var request = new PrepareTenantRequest { TenantId = tenantId, DisplayName = displayName, DnsDomains = dnsDomains };
        return await admin.PostAsync("portal/admin/tenants/prepare", request, ContractsJson.Default.PrepareTenantRequest);
    }

    public async Task<PreparedTenant> PrepareAsync(string tenantId, params string[] dnsDomains) =>
        (await TryPrepareAsync(tenantId, "Acme", dnsDomains)).Read(ContractsJson.Default.PreparedTenant);

    public Task<Answer> TryJoinAsync(string joinKey, TestTenant tenant) => TryJoinAsync(joinKey, tenant.Request());

    public Task<Answer> TryJoinAsync(string joinKey, JoinRequest request) =>
        Anonymous().PostAsync("portal/admin/join", request, ContractsJson.Default.JoinRequest, ("X-Join-Key", joinKey));

    public async Task<JoinBundle> JoinAsync(string joinKey, TestTenant tenant) => (await TryJoinAsync(joinKey, tenant)).Read(ContractsJson.Default.JoinBundle);

    public Task<Answer> TryConfirmAsync(string tenantId, TestTenant tenant)
    {
        var path = $"portal/admin/tenants/{tenantId}/join-confirm";
        return Anonymous().PostAsync(path, new JoinConfirmation { Proof = tenant.Proof(tenantId, At(path), Time) }, ContractsJson.Default.JoinConfirmation);
    }

    /// <summary>Prepared, joined and confirmed.</summary>
    public async Task<JoinBundle> ActivateAsync(string tenantId, TestTenant tenant)
    {
        var bundle = await JoinAsync((await PrepareAsync(tenantId)).JoinKey, tenant);
        ((int)(await TryConfirmAsync(tenantId, tenant)).Status).ShouldBe(204);
        return bundle;
    }

    /// <summary>A new JOIN key for a tenant that is there.</summary>
    public async Task<string> ReplaceKeyAsync(string tenantId) =>
        (await (await AdminAsync()).PostAsync($"portal/admin/tenants/{tenantId}/join-key")).Read(ContractsJson.Default.PreparedTenant).JoinKey;

    /// <summary>From the Sub-CA key of one to that of the other.</summary>
    public Task<Answer> RotateAsync(string tenantId, TestTenant old, TestTenant next)
    {
        var path = $"portal/admin/tenants/{tenantId}/sub-ca/rotate";
        return Anonymous().PostAsync(
            path, new RotateSubCaRequest { SubCaCsr = next.SubCa.CreateCsrPem(new SubjectNames()), Proof = old.Proof(tenantId, At(path), Time, next.SubCa.SubjectPublicKeyInfo) },
            ContractsJson.Default.RotateSubCaRequest);
    }

    /// <summary>Decimal.</summary>
    public static string SerialOf(string pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem);
        return SerialNumber.ToDecimal(certificate.SerialNumberBytes.Span);
    }

    public async Task<TenantDetail> ShowAsync(string tenantId) =>
        (await (await AdminAsync()).GetAsync($"portal/admin/tenants/{tenantId}")).Read(ContractsJson.Default.TenantDetail);

    public Task<long> CertificatesAsync(string tenantId, string profile, bool valid) => Database.ScalarAsync<long>(
        $"SELECT count(*) FROM ca.certificates c WHERE c.tenant = $1 AND c.profile = $2 {(valid ? "AND NOT EXISTS (SELECT 1 FROM ca.revocations r WHERE r.serial = c.serial)" : "")}",
        tenantId, profile);

    /// <summary>The one redirect URI of a tenant's client at the issuer; null: there is no client.</summary>
    public async Task<string?> RedirectUriAsync(string tenantId) => (await Services.GetRequiredService<IFederationProvisioner>().InspectAsync(tenantId, CancellationToken.None))?.RedirectUri;

    /// <summary>Whether a tenant's client authenticates with this secret.</summary>
    public async Task<bool> AuthenticatesAsync(string tenantId, string secret)
    {
        var answer = await Anonymous().SendAsync(HttpMethod.Post, "realms/cdm/protocol/openid-connect/token/introspect", new FormUrlEncodedContent(
        [
            KeyValuePair.Create("client_id", FederationClient.IdOf(tenantId)), KeyValuePair.Create("client_secret", secret), KeyValuePair.Create("token", "none"),
        ]));
        return answer.Status == System.Net.HttpStatusCode.OK;
    }

    public Task<long> AuditedAsync(string action, string subject) =>
        Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = $1 AND subject = $2", action, subject);

    /// <summary>Refusals of callers who brought nothing, however many entries they are.</summary>
    public async Task<long> RefusedAsync(string action, string subject)
    {
        await Services.GetRequiredService<AnonymousRefusals>().WriteAsync(all: true, CancellationToken.None);
        return await Database.ScalarAsync<long>("SELECT coalesce(sum(coalesce((details::json->>'count')::bigint, 1)), 0)::bigint FROM audit.entries WHERE action = $1 AND subject = $2", action, subject);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var caller in _callers)
        {
            caller.Dispose();
        }

        if (_app is not null)
        {
            await StopAsync();
        }

        await Database.DisposeAsync();
        _folder.Dispose();
    }
}
