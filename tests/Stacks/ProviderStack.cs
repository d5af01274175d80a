using IoTPlatform.Client;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki;
using IoTPlatform.Testing;

namespace IoTPlatform.Stacks;

/// <summary>A provider as a real process on a database that the test can read; it can be stopped, killed and started.</summary>
public sealed class ProviderStack : IAsyncDisposable
{
    public const string AdminPassword = "correct horse battery staple";
    private readonly TempFolder _folder = new();
    private readonly int _port;
    private readonly TestDatabase? _database;
    private readonly IReadOnlyDictionary<string, string?> _more;
    private readonly int? _descriptors;

    private readonly string? _connectionString;

    private ProviderStack(
        TestDatabase? database, IReadOnlyDictionary<string, string?>? more = null, int? descriptors = null, string? socketFolder = null, string? connectionString = null, int? port = null)
    {
        _port = port ?? FreePort.Next();
        _descriptors = descriptors;
        _database = database;
        _connectionString = connectionString ?? (socketFolder is null ? database?.ConnectionString : database?.ConnectionStringBy(socketFolder));
        _more = more ?? new Dictionary<string, string?>();
    }

    public TestDatabase Database => _database ?? throw new InvalidOperationException("this provider runs its private server");
    public Uri Url => new($"https://localhost:{_port}/");
    public RootTrust Trust { get; private set; } = null!;
    public ProcessUnderTest Process { get; private set; } = null!;
    public string Data => _folder.Combine("data");

    /// <param name="more">Settings beyond the usual ones.</param>
    /// <param name="descriptors">How many files it may have open; null for as many as the test.</param>
    /// <param name="socketFolder">By which it finds the database: a link to the server's, which the test may take away.</param>
    /// <param name="port">Where it listens; null: anywhere.</param>
    public static async Task<ProviderStack> StartAsync(IReadOnlyDictionary<string, string?>? more = null, int? descriptors = null, string? socketFolder = null, int? port = null)
    {
        var database = await PostgresServer.CreateEmptyDatabaseAsync();
        if (socketFolder is not null)
        {
            Directory.CreateSymbolicLink(socketFolder, database.SocketFolder);
        }

        var stack = new ProviderStack(database, more, descriptors, socketFolder, port: port);
        await stack.StartProcessAsync();
        return stack;
    }

    /// <summary>On its private PostgreSQL; not started yet.</summary>
    public static ProviderStack WithPrivateDatabase(int? descriptors = null, IReadOnlyDictionary<string, string?>? more = null)
    {
        Requires.Tool("initdb");
        return new ProviderStack(database: null, more, descriptors);
    }

    /// <summary>On a server of the test's own; not started yet.</summary>
    public static ProviderStack WithDatabase(string connectionString) => new(database: null, connectionString: connectionString);

    /// <summary>Another process of this provider: the same database and settings, and a copy of its folder. Its connections to the database are called so.</summary>
    public async Task<ProviderStack> StartBesideAsync(string applicationName, params string[] without)
    {
        var settings = _more.Where(setting => !without.Contains(setting.Key)).ToDictionary();
        var beside = new ProviderStack(database: null, settings, connectionString: $"{_connectionString};Application Name={applicationName}");
        foreach (var file in Directory.EnumerateFiles(Data, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != ".lock"))
        {
            var copy = Path.Combine(beside.Data, Path.GetRelativePath(Data, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            File.Copy(file, copy);
        }

        await beside.StartProcessAsync();
        return beside;
    }

    public async Task StartProcessAsync()
    {
        Launch();
        var ready = await Process.WaitForLineAsync("ready ");
        Trust = await RootTrust.FetchAsync(Url, ready.Split("fingerprint=")[1].Trim());
    }

    /// <param name="once">Settings of this start, over all others.</param>
    public void Launch(IReadOnlyDictionary<string, string?>? once = null)
    {
        var settings = Settings;
        foreach (var (name, value) in once ?? new Dictionary<string, string?>())
        {
            settings[name] = value;
        }

        Process = StackPrograms.Start(StackPrograms.Provider, settings, _descriptors);
    }

    /// <summary>With a wall clock that is ahead; timers run as ever. Needs faketime.</summary>
    public void LaunchAhead(TimeSpan by) => Launch(FakeClock.Ahead(by));

    /// <summary>What a test sets comes first.</summary>
    private Dictionary<string, string?> Settings => _more.Concat(new Dictionary<string, string?>
    {
        ["IOT_DATA"] = Data,
        ["IOT_LISTEN"] = $"https://127.0.0.1:{_port}",
        ["IOT_NAMES"] = $"localhost,127.0.0.1,provider.iot.example",
        ["IOT_PUBLIC_URL"] = Url.ToString(),
        ["IOT_PLATFORM_DOMAIN"] = "iot.example",
        ["IOT_DATABASE"] = _connectionString,
        ["IOT_ADMIN_PASSWORD"] = AdminPassword,
    }).DistinctBy(setting => setting.Key).ToDictionary();

    /// <summary>The clean way, with the settings of now.</summary>
    public async Task RestartAsync()
    {
        Process.Terminate();
        await Process.WaitForExitAsync();
        await Process.DisposeAsync();
        await StartProcessAsync();
    }

    public async Task KillAsync()
    {
        await Process.KillAsync();
        await Process.DisposeAsync();
    }

    /// <summary>The operator of its machine.</summary>
    public Task<ProviderClient> AdminAsync(TimeSpan? timeout = null) => ProviderClient.Create(Url, Server, timeout: timeout).WithKeyOfAsync(Data, Server);

    /// <summary>An access token of the operator's, good for five minutes, for requests that no client of ours makes.</summary>
    public async Task<string> TokenAsync() => (await OperatorTokens.FetchAsync(Url, Server, Data)).AccessToken;

    private ServerVerifier Server => Trust.Provider("iot.example");

    public async Task<PreparedTenant> PrepareAsync(string tenantId)
    {
        using var admin = await AdminAsync();
        return await admin.PrepareTenantAsync(new PrepareTenantRequest { TenantId = tenantId, DisplayName = tenantId });
    }

    public async ValueTask DisposeAsync()
    {
        if (Process is not null)
        {
            await Process.DisposeAsync();
        }

        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        _folder.Dispose();
    }
}
