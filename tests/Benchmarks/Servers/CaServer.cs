using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Testing;

namespace IoTPlatform.Benchmarks.Servers;

/// <summary>A running CA that speaks step-ca's HTTP API.</summary>
internal abstract class CaServer(string name, Uri url, string provisionerPassword, ProcessUnderTest process, TempFolder folder) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public string Name => name;

    public Uri Url => url;

    public string ProvisionerPassword => provisionerPassword;

    public int ProcessId => process.Id;

    public required X509Certificate2Collection Roots { get; init; }

    public string RootFingerprint => Roots[0].GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256).ToLowerInvariant();

    protected TempFolder Folder => folder;

    /// <summary>A client with one keep-alive HTTP/1.1 connection of its own.</summary>
    public HttpClient Connect(X509Certificate2? client = null)
    {
        var http = AnyServerHttp.Create(Url, Roots, client, Patience);
        http.DefaultRequestVersion = System.Net.HttpVersion.Version11;
        http.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        return http;
    }

    /// <summary>Ends the process; its folder stays.</summary>
    public async Task StopAsync()
    {
        if (!process.HasExited)
        {
            process.Terminate();
            await process.WaitForExitAsync(Patience);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await process.DisposeAsync();
        folder.Dispose();
    }
}
