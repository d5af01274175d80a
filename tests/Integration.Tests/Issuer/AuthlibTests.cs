using System.Text.Json.Nodes;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Issuer;

/// <summary>Python's <c>authlib</c>.</summary>
public sealed class AuthlibTests : ClientLibrarySuite
{
    private string _python = null!;

    public override async Task InitializeAsync()
    {
        _python = await PythonAsync();
        await base.InitializeAsync();
    }

    protected override Task<ToolResult> RunAsync(JsonObject settings) => Tools.RunAsync(
        _python, [Path.Combine(Tools.RepositoryRoot, "tests", "Integration.Tests", "Issuer", "authlib_client.py"), settings.ToJsonString()],
        environment: new Dictionary<string, string?> { ["REQUESTS_CA_BUNDLE"] = RootFile }, timeout: TimeSpan.FromSeconds(60));

    /// <summary>A Python that has both; the distribution's packages are in its own.</summary>
    private static async Task<string> PythonAsync()
    {
        foreach (var python in new[] { Tools.Find("python3"), "/usr/bin/python3" }.OfType<string>().Where(File.Exists))
        {
            if ((await Tools.RunAsync(python, ["-c", "import authlib, requests"])).ExitCode == 0)
            {
                return python;
            }
        }

        Requires.That(false, "python3-authlib and python3-requests are not installed");
        return "";
    }
}
