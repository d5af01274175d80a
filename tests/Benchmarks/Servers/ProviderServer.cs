using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.Benchmarks.Servers;

/// <summary>The provider stack as a process of its own, Release build, embedded default: durable private PostgreSQL.</summary>
internal sealed class ProviderServer : CaServer
{
    public const string AdminPasswordSetting = "IOT_ADMIN_PASSWORD";
    public const string ProvisionerPasswordSetting = "STEP_CA_PROVISIONER_PASSWORD";

    private ProviderServer(string name, Uri url, string provisionerPassword, ProcessUnderTest process, TempFolder folder)
        : base(name, url, provisionerPassword, process, folder)
    {
    }

    public required RootTrust Trust { get; init; }

    public string DataFolder => Folder.Combine("data");

    /// <summary>Of its private PostgreSQL, while it runs.</summary>
    public string DatabaseConnectionString => $"Host={Folder.Combine("data", "postgres", "socket")};Username=platform;Database=provider";

    public static Task<ProviderServer> StartAsync(CancellationToken cancellationToken) => StartAsync(new TempFolder(), new Dictionary<string, string?>(StringComparer.Ordinal), cancellationToken);

    /// <param name="folder">Its own from now on; may be that of an earlier one.</param>
    /// <param name="settings">Beside the usual ones.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <param name="name">In the report.</param>
    public static async Task<ProviderServer> StartAsync(TempFolder folder, IReadOnlyDictionary<string, string?> settings, CancellationToken cancellationToken, string name = "IoTPlatform")
    {
        var assembly = Path.Combine(Tools.RepositoryRoot, "provider-stack", "Provider", "bin", "Release", "net10.0", "IoTPlatform.Provider.dll");
        if (!File.Exists(assembly))
        {
            throw new BenchmarkException("the Release build of the provider is missing: dotnet build -c Release tests/Benchmarks");
        }

        var url = new Uri($"https://127.0.0.1:{FreePort.Next()}");
        var provisionerPassword = settings.GetValueOrDefault(ProvisionerPasswordSetting) ?? RandomNumberGenerator.GetHexString(32);
        var process = ProcessUnderTest.StartDotnet(assembly, [], new Dictionary<string, string?>(settings, StringComparer.Ordinal)
        {
            ["IOT_DATA"] = folder.Combine("data"),
            ["IOT_LISTEN"] = url.GetLeftPart(UriPartial.Authority),
            [AdminPasswordSetting] = settings.GetValueOrDefault(AdminPasswordSetting) ?? RandomNumberGenerator.GetHexString(32),
            [ProvisionerPasswordSetting] = provisionerPassword,
        });
        try
        {
            var ready = await process.WaitForLineAsync("ready ", TimeSpan.FromSeconds(90));
            var trust = await RootTrust.FetchAsync(url, ready[(ready.LastIndexOf('=') + 1)..], cancellationToken: cancellationToken);
            return new ProviderServer(name, url, provisionerPassword, process, folder)
            {
                Roots = [trust.Root],
                Trust = trust,
            };
        }
        catch (Exception e) when (e is InvalidOperationException or TimeoutException or UnreachableException)
        {
            await process.DisposeAsync();
            folder.Dispose();
            throw new BenchmarkException($"the provider does not start: {e.Message}");
        }
    }
}
