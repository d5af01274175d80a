using System.Globalization;
using IoTPlatform.LocalServices;

namespace IoTPlatform.Testing;

/// <summary>Keycloak as deploy/keycloak has it: its file with a site's values, built and started with the commands of its unit.</summary>
internal sealed class ShippedKeycloak(string path, KeycloakProgram program, KeycloakSite site, int managementPort, string adminPassword)
{
    private static readonly string Shipped = Path.Combine(Tools.RepositoryRoot, "deploy", "keycloak");

    private string? _home;

    public Uri Url { get; } = new(string.Create(CultureInfo.InvariantCulture, $"https://localhost:{site.Port}/"));

    public Uri Health { get; } = new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{managementPort}/health/ready"));

    public async Task<ServiceCommand> ServerAsync()
    {
        _home ??= await InstallAsync();
        var start = Words("ExecStart=", _home);
        return new ServiceCommand { FileName = start[0], Arguments = start[1..], Environment = Environment };
    }

    /// <summary>That of keycloak.env, and what keeps a test small and on loopback.</summary>
    private Dictionary<string, string?> Environment => new(StringComparer.Ordinal)
    {
        ["KC_DB_PASSWORD"] = "none",
        ["KC_BOOTSTRAP_ADMIN_USERNAME"] = KeycloakFolder.Admin,
        ["KC_BOOTSTRAP_ADMIN_PASSWORD"] = adminPassword,
        ["KC_HTTP_HOST"] = "127.0.0.1",
        ["JAVA_OPTS_KC_HEAP"] = "-Xms128m -Xmx512m",
        ["JAVA_OPTS_APPEND"] = "-XX:TieredStopAtLevel=1",
    };

    private async Task<string> InstallAsync()
    {
        var home = await program.InstallAsync(path);
        var conf = await File.ReadAllTextAsync(Path.Combine(Shipped, "keycloak.conf"));
        foreach (var (key, value) in new[]
        {
            ("hostname", Url.AbsoluteUri.TrimEnd('/')), ("https-port", Number(site.Port)),
            ("https-certificate-file", site.CertificateFile), ("https-certificate-key-file", site.KeyFile), ("truststore-paths", site.TrustedRootFile),
            ("db-url", site.DatabaseUrl), ("db-username", site.DatabaseUser), ("http-management-port", Number(managementPort)),
        })
        {
            var line = conf.Split('\n').Single(l => l.StartsWith(key + "=", StringComparison.Ordinal));
            conf = conf.Replace(line + "\n", $"{key}={value}\n", StringComparison.Ordinal);
        }

        await File.WriteAllTextAsync(Path.Combine(home, "conf", "keycloak.conf"), conf);
        var build = Words("# Built once for these options: ", home);
        (await Tools.RunAsync(build[0], build[1..], environment: Environment, timeout: TimeSpan.FromMinutes(3))).EnsureSuccess();
        return home;
    }

    /// <summary>A command line of the unit, of this copy.</summary>
    private static string[] Words(string prefix, string home) =>
        [.. File.ReadLines(Path.Combine(Shipped, "keycloak.service")).Single(l => l.StartsWith(prefix, StringComparison.Ordinal))[prefix.Length..].Replace("/opt/keycloak", home, StringComparison.Ordinal).Split(' ')];

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
