using System.Diagnostics;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Stacks;
using Npgsql;

namespace IoTPlatform.Benchmarks.Mqtt;

/// <summary>A provider and a tenant that has joined it, as users start them: processes of their own on their private PostgreSQL, which is durable.</summary>
internal sealed class BenchedTenant : IAsyncDisposable
{
    private const string TenantId = "bench";
    private const int Administrators = 8;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly ProviderStack _provider;
    private readonly TenantStack _tenant;

    private BenchedTenant(ProviderStack provider, TenantStack tenant) => (_provider, _tenant) = (provider, tenant);

    public MqttTarget Target { get; private set; } = null!;

    /// <summary>Of the devices' certificates, PEM: Sub-CA first. Devices don't send them.</summary>
    public string IssuersPem { get; private set; } = null!;

    /// <param name="devices">That are enrolled.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="settings">More of the tenant's.</param>
    public static async Task<BenchedTenant> StartAsync(int devices, CancellationToken cancellationToken, IReadOnlyDictionary<string, string?>? settings = null)
    {
        var provider = ProviderStack.WithPrivateDatabase();
        await provider.StartProcessAsync();
        var prepared = await provider.PrepareAsync(TenantId);
        var tenant = new TenantStack(provider, database: null, TenantId, prepared.JoinKey, new Dictionary<string, string?>(settings ?? new Dictionary<string, string?>(StringComparer.Ordinal))
        {
            // One device sends as fast as it can.
            ["IOT_DEVICE_MESSAGES_PER_SECOND"] = "1000000",
            ["IOT_DEVICE_BYTES_PER_SECOND"] = "1000000000",
        });
        tenant.Launch();
        await tenant.ReadyAsync();
        var benched = new BenchedTenant(provider, tenant);
        benched.Target = new MqttTarget("IoTPlatform", tenant.Url.Port, tenant.Process.Id, await benched.EnrollAsync(devices, cancellationToken));
        return benched;
    }

    public Task<TenantClient> AdminAsync() => _tenant.AdminAsync();

    public ProviderStack Provider => _provider;

    public Uri TenantUrl => _tenant.Url;

    public NpgsqlDataSource OpenDatabase() => Database(_tenant.Data, "tenant");

    public NpgsqlDataSource OpenProviderDatabase() => Database(_provider.Data, "provider");

    /// <summary>The way up is closed until <see cref="CarryUpAsync"/>.</summary>
    public async Task StopProviderAsync()
    {
        _provider.Process.Terminate();
        await _provider.Process.WaitForExitAsync();
        await _provider.Process.DisposeAsync();
    }

    public async Task<long> StoredAsync(CancellationToken cancellationToken)
    {
        await using var database = Database(_tenant.Data, "tenant");
        return await CountAsync(database, "tenant.telemetry", cancellationToken);
    }

    /// <summary>From the first row that the provider gets of what waits at the tenant to the last.</summary>
    public async Task<LoadResult> CarryUpAsync(CancellationToken cancellationToken)
    {
        var waiting = await StoredAsync(cancellationToken);
        await _provider.StartProcessAsync();
        await using var database = Database(_provider.Data, "provider");
        var (first, started, before) = (0L, 0L, default(CpuTime));
        var stored = 0L;
        while (stored < waiting)
        {
            stored = await CountAsync(database, "provider.telemetry", cancellationToken);
            if (first == 0 && stored > 0)
            {
                (first, started, before) = (stored, Stopwatch.GetTimestamp(), Cpu());
            }

            // Counting hundreds of thousands of rows is work for the same processors: it is done a few times only.
            var half = stored > first ? Stopwatch.GetElapsedTime(started) * (waiting - stored) / (stored - first) / 2 : Look;
            await Task.Delay(half > Look ? half : Look, cancellationToken);
        }

        var elapsed = Stopwatch.GetElapsedTime(started);
        var cpu = Cpu() - before;
        var carried = (int)Math.Max(1, stored - first);
        return new LoadResult
        {
            Server = "IoTPlatform",
            Operation = "bridge",
            Concurrency = 1,
            Requests = carried,
            Failures = 0,
            PerSecond = carried / elapsed.TotalSeconds,
            ServerCpuMicroseconds = cpu.Server.TotalMicroseconds / carried,
            DatabaseCpuMicroseconds = cpu.Database.TotalMicroseconds / carried,
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _tenant.DisposeAsync();
        await _provider.DisposeAsync();
    }

    private CpuTime Cpu()
    {
        var (tenant, provider) = (CpuTime.Of(_tenant.Process.Id), CpuTime.Of(_provider.Process.Id));
        return new CpuTime(tenant.Server + provider.Server, tenant.Database + provider.Database);
    }

    private async Task<IReadOnlyList<MqttLoadIdentity>> EnrollAsync(int devices, CancellationToken cancellationToken)
    {
        using var admin = await _tenant.AdminAsync();
        var token = (await admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { Uses = devices }, cancellationToken)).Token;
        using var client = TenantClient.Create(_tenant.Url, _tenant.Trust);
        var identities = new MqttLoadIdentity[devices];
        await Parallel.ForAsync(0, devices, new ParallelOptions { MaxDegreeOfParallelism = Administrators, CancellationToken = cancellationToken }, async (index, stop) =>
        {
            var id = $"device-{index}";
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var identity = await client.EnrollAsync(id, token, new EnrollRequest { Csr = CertificateSigningRequest.CreatePem(key, new SubjectNames()) }, stop);
            IssuersPem = identity.CaChain;
            identities[index] = new MqttLoadIdentity(id, $"devices/{id}/telemetry", Context(identity.Certificate, key));
        });
        return identities;
    }

    /// <param name="certificate">PEM.</param>
    /// <param name="key">Its own.</param>
    /// <param name="chain">PEM; sent along, for brokers that know the root alone.</param>
    public static SslStreamCertificateContext Context(string certificate, ECDsa key, string? chain = null)
    {
        using var leaf = Pem.ParseCertificate(certificate);
        using var withKey = leaf.CopyWithPrivateKey(key);
        return SslStreamCertificateContext.Create(X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), password: null), chain is null ? [] : [.. Pem.ParseCertificates(chain)], offline: true);
    }

    private static NpgsqlDataSource Database(string data, string name) => NpgsqlDataSource.Create($"Host={Path.Combine(data, "postgres", "socket")};Username=platform;Database={name};Pooling=false");

    private static async Task<long> CountAsync(NpgsqlDataSource database, string table, CancellationToken cancellationToken)
    {
        await using var count = database.CreateCommand($"SELECT count(*) FROM {table}");
        return (long)(await count.ExecuteScalarAsync(cancellationToken))!;
    }
}
