using System.Text.Json;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.OidcProvider;

/// <summary>The npm package <c>oidc-provider</c> as a private server on loopback.</summary>
internal sealed class OidcProviderServer : IAsyncDisposable
{
    private readonly TempFolder _folder;
    private readonly ProcessUnderTest _process;

    private OidcProviderServer(TempFolder folder, ProcessUnderTest process)
    {
        _folder = folder;
        _process = process;
    }

    /// <summary>Skips the test without npm. Its packages come as the lock file names them, and run nothing while they are installed.</summary>
    public static async Task<OidcProviderServer> StartAsync(int port, Uri host, string secret)
    {
        var npm = Requires.Tool("npm");
        Requires.Tool("setpriv");
        var folder = new TempFolder();
        try
        {
            foreach (var file in new[] { "package.json", "package-lock.json", "provider.mjs" })
            {
                File.Copy(Path.Combine(Tools.RepositoryRoot, "tests", "Integration.Tests", "OidcProvider", file), folder.Combine(file));
            }

            (await Tools.RunAsync(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], workingDirectory: folder.Path, timeout: TimeSpan.FromMinutes(3))).EnsureSuccess();
            var settings = JsonSerializer.Serialize(new { port, redirectUri = new Uri(host, "portal/oidc/callback").AbsoluteUri, homeUri = new Uri(host, "portal").AbsoluteUri, secret });
            var process = await ForkThread.StartAsync(Node(), [folder.Combine("provider.mjs"), settings]);
            await process.WaitForLineAsync("ready");
            return new OidcProviderServer(folder, process);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    // The browser driver's own, which is new enough on every machine.
    internal static string Node() => Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, ".playwright", "node"), "node", SearchOption.AllDirectories).First();
}
