using IoTPlatform.Client;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki;
using IoTPlatform.Testing;

namespace IoTPlatform.Stacks;

/// <summary>A tenant as a real process; its data folder outlives kills.</summary>
public sealed class TenantStack(ProviderStack provider, TestDatabase? database, string tenantId, string? joinKey, IReadOnlyDictionary<string, string?>? more = null) : IAsyncDisposable
{
    public const string AdminPassword = "correct horse battery staple";
    private readonly TempFolder _folder = new();
    private readonly int _port = FreePort.Next();

    /// <summary>In place of the usual settings from the next launch on; null removes one.</summary>
    public Dictionary<string, string?> Overrides { get; } = [];

    public string TenantId => tenantId;
    public RootTrust Root => provider.Trust;
    public string TrustDomain => $"{tenantId}.iot.example";

    /// <summary>This tenant's server.</summary>
    public ServerVerifier Trust => Root.Tenant(TrustDomain);
    public TestDatabase Database => database ?? throw new InvalidOperationException("this tenant runs its private server");
    public Uri Url => new($"https://localhost:{_port}/");
    public string Data => _folder.Combine("data");
    public ProcessUnderTest Process { get; private set; } = null!;

    public static async Task<TenantStack> LaunchAsync(ProviderStack provider, string tenantId, string? joinKey, IReadOnlyDictionary<string, string?>? more = null)
    {
        var stack = new TenantStack(provider, await PostgresServer.CreateEmptyDatabaseAsync(), tenantId, joinKey, more);
        stack.Launch();
        return stack;
    }

    /// <param name="once">Settings of this start, over all others.</param>
    public void Launch(IReadOnlyDictionary<string, string?>? once = null)
    {
        var settings = Settings;
        foreach (var (name, value) in once ?? new Dictionary<string, string?>())
        {
            settings[name] = value;
        }

        Process = StackPrograms.Start(StackPrograms.Tenant, settings);
    }

    /// <summary>With a wall clock that is ahead; timers run as ever. Needs faketime.</summary>
    public void LaunchAhead(TimeSpan by) => Launch(FakeClock.Ahead(by));

    /// <summary>With a wall clock that is ahead, or behind, until <see cref="SetClock"/> puts it elsewhere.</summary>
    public void LaunchWithClock(TimeSpan ahead)
    {
        SetClock(ahead);
        Launch(FakeClock.From(ClockFile));
    }

    /// <summary>Within a second.</summary>
    public void SetClock(TimeSpan ahead) => File.WriteAllText(ClockFile, FakeClock.Offset(ahead) + "\n");

    private string ClockFile => _folder.Combine("clock");

    private Dictionary<string, string?> Settings => Usual.Concat(Overrides).GroupBy(s => s.Key).ToDictionary(s => s.Key, s => s.Last().Value);

    private Dictionary<string, string?> Usual => (more ?? new Dictionary<string, string?>()).Concat(new Dictionary<string, string?>
    {
        ["IOT_DATA"] = Data,
        ["IOT_LISTEN"] = $"https://127.0.0.1:{_port}",
        ["IOT_NAMES"] = "localhost,127.0.0.1",
        ["IOT_PUBLIC_URL"] = Url.ToString(),
        ["PROVIDER_URL"] = provider.Url.ToString(),
        ["STEP_CA_FINGERPRINT"] = provider.Trust.Fingerprint,
        ["JOIN_KEY"] = joinKey,
        ["TENANT_ID"] = tenantId,
        ["IOT_DATABASE"] = database?.ConnectionString,
        ["IOT_ADMIN_PASSWORD"] = AdminPassword,
    }).DistinctBy(setting => setting.Key).ToDictionary();

    public Task ReadyAsync() => Process.WaitForLineAsync("ready ");

    public async Task KillAsync()
    {
        await Process.KillAsync();
        await Process.DisposeAsync();
    }

    /// <summary>The operator of its machine.</summary>
    /// <param name="data">Where a test moved its folder to; null: where it always is.</param>
    public Task<TenantClient> AdminAsync(string? data = null) => TenantClient.Create(Url, Trust).WithKeyOfAsync(data ?? Data, Trust);

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        if (database is not null)
        {
            await database.DisposeAsync();
        }

        _folder.Dispose();
    }
}
