using IoTPlatform.Client;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Stacks;

/// <summary>A provider as a real process on a database that the test can look into; stop, kill and start it at will.</summary>
internal sealed class ProviderStack : IAsyncDisposable
{
    private const string AdminPassword = "correct horse battery staple";
    private readonly TempFolder folder = new();
    private readonly int port = FreePort.Next();
    private readonly string name;

    private ProviderStack(TestDatabase database, string name) => (Database, this.name) = (database, name);

    public TestDatabase Database { get; }
    public Uri Url => new($"https://localhost:{port}/");
    public RootTrust Trust { get; private set; } = null!;
    public ProcessUnderTest Process { get; private set; } = null!;
    public string Data => folder.Combine("data");

    /// <param name="name">A DNS name of the provider beside localhost; it lands in every Sub-CA's excluded subtrees.</param>
    public static async Task<ProviderStack> StartAsync(string name = "provider.iot.example")
    {
        var stack = new ProviderStack(await PostgresServer.CreateEmptyDatabaseAsync(), name);
        await stack.StartProcessAsync();
        return stack;
    }

    public async Task StartProcessAsync()
    {
        Process = ProcessUnderTest.StartDotnet(StackPrograms.Provider, [], new Dictionary<string, string?>
        {
            ["IOT_DATA"] = Data,
            ["IOT_LISTEN"] = $"https://127.0.0.1:{port}",
            ["IOT_NAMES"] = $"localhost,127.0.0.1,{name}",
            ["IOT_PUBLIC_URL"] = Url.ToString(),
            ["IOT_PLATFORM_DOMAIN"] = "iot.example",
            ["IOT_DATABASE"] = Database.ConnectionString,
            ["IOT_ADMIN_PASSWORD"] = AdminPassword,
        });
        var ready = await Process.WaitForLineAsync("ready ");
        Trust = await RootTrust.FetchAsync(Url, ready.Split("fingerprint=")[1].Trim());
    }

    public async Task KillAsync()
    {
        await Process.KillAsync();
        await Process.DisposeAsync();
    }

    public async Task<ProviderClient> AdminAsync()
    {
        var client = ProviderClient.Create(Url, Trust);
        await client.LoginAsync("admin", AdminPassword);
        return client;
    }

    public async Task<PreparedTenant> PrepareAsync(string tenantId)
    {
        using var admin = await AdminAsync();
        return await admin.PrepareTenantAsync(new PrepareTenantRequest { TenantId = tenantId, DisplayName = tenantId });
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        await Database.DisposeAsync();
        folder.Dispose();
    }
}
