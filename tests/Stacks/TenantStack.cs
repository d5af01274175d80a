using System.Globalization;
using IoTPlatform.Client;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.Stacks;

/// <summary>A tenant as a real process; its data folder outlives kills.</summary>
public sealed class TenantStack(ProviderStack provider, TestDatabase database, string tenantId, string? joinKey, IReadOnlyDictionary<string, string?>? more = null) : IAsyncDisposable
{
    private const string AdminPassword = "correct horse battery staple";
    private readonly TempFolder folder = new();
    private readonly int port = FreePort.Next();

    /// <summary>In place of the usual settings from the next launch on; null removes one.</summary>
    public Dictionary<string, string?> Overrides { get; } = [];

    public string TenantId => tenantId;
    public RootTrust Trust => provider.Trust;
    public TestDatabase Database => database;
    public Uri Url => new($"https://localhost:{port}/");
    public string Data => folder.Combine("data");
    public ProcessUnderTest Process { get; private set; } = null!;

    public static async Task<TenantStack> LaunchAsync(ProviderStack provider, string tenantId, string? joinKey, IReadOnlyDictionary<string, string?>? more = null)
    {
        var stack = new TenantStack(provider, await PostgresServer.CreateEmptyDatabaseAsync(), tenantId, joinKey, more);
        stack.Launch();
        return stack;
    }

    public void Launch() => Process = ProcessUnderTest.StartDotnet(StackPrograms.Tenant, [], Settings);

    /// <summary>With a wall clock that is ahead; timers run as ever. Needs faketime.</summary>
    public void LaunchAhead(TimeSpan by)
    {
        var library = Directory.EnumerateFiles("/usr/lib", "libfaketimeMT.so.1", SearchOption.AllDirectories).First();
        Process = ProcessUnderTest.StartDotnet(StackPrograms.Tenant, [], new Dictionary<string, string?>(Settings)
        {
            ["LD_PRELOAD"] = library,
            ["FAKETIME"] = string.Create(CultureInfo.InvariantCulture, $"+{by.TotalSeconds:0}s"),
            ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
        });
    }

    private Dictionary<string, string?> Settings => Usual().Concat(Overrides).GroupBy(s => s.Key).ToDictionary(s => s.Key, s => s.Last().Value);

    private Dictionary<string, string?> Usual() => new(more ?? new Dictionary<string, string?>())
    {
        ["IOT_DATA"] = Data,
        ["IOT_LISTEN"] = $"https://127.0.0.1:{port}",
        ["IOT_NAMES"] = "localhost,127.0.0.1",
        ["IOT_PUBLIC_URL"] = Url.ToString(),
        ["PROVIDER_URL"] = provider.Url.ToString(),
        ["STEP_CA_FINGERPRINT"] = provider.Trust.Fingerprint,
        ["JOIN_KEY"] = joinKey,
        ["TENANT_ID"] = tenantId,
        ["IOT_DATABASE"] = database.ConnectionString,
        ["IOT_ADMIN_PASSWORD"] = AdminPassword,
    };

    public Task ReadyAsync() => Process.WaitForLineAsync("ready ", TimeSpan.FromSeconds(90));

    public async Task KillAsync()
    {
        await Process.KillAsync();
        await Process.DisposeAsync();
    }

    public async Task<TenantClient> AdminAsync()
    {
        var client = TenantClient.Create(Url, provider.Trust);
        await client.LoginAsync("admin", AdminPassword);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        await database.DisposeAsync();
        folder.Dispose();
    }
}
