using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace IoTPlatform.LocalServices;

/// <summary>A private Keycloak on loopback with its embedded database, below one folder.</summary>
/// <param name="path">Exists.</param>
/// <param name="program">What to run.</param>
/// <param name="port">Where it answers, over plain HTTP.</param>
/// <param name="managementPort">Health and metrics.</param>
public sealed class KeycloakFolder(string path, KeycloakProgram program, int port, int managementPort)
{
    /// <summary>The bootstrap administrator of the realm <c>master</c>.</summary>
    public const string Admin = "admin";

    public string AdminPassword { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>Null: plain HTTP only. Otherwise browsers and hosts come over TLS.</summary>
    public KeycloakTls? Tls { get; init; }

    public Uri Url => Tls is null ? Loopback(port) : new Uri(string.Create(CultureInfo.InvariantCulture, $"https://localhost:{Tls.Port}/"));

    /// <summary>200 once it is ready.</summary>
    public Uri Health { get; } = new(Loopback(managementPort), "health/ready");

    public string Issuer(string realm) => $"{Url.AbsoluteUri}realms/{realm}";

    /// <summary>What starts it. SIGTERM ends it; it becomes <c>kc.sh</c>, whose child is the JVM.</summary>
    public async Task<ServiceCommand> ServerAsync(CancellationToken cancellationToken = default) => new()
    {
        FileName = program.StartScript ?? Path.Combine(await CopyAsync(program.Home!, cancellationToken).ConfigureAwait(false), "bin", "kc.sh"),
        Arguments = [.. program.StartScript is null ? Arguments() : [path, Number(port), Number(managementPort)], .. TlsArguments()],
        Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["KC_BOOTSTRAP_ADMIN_USERNAME"] = Admin,
            ["KC_BOOTSTRAP_ADMIN_PASSWORD"] = AdminPassword,
            ["KC_HOSTNAME"] = Url.AbsoluteUri.TrimEnd('/'),
            ["JAVA_OPTS_KC_HEAP"] = "-Xms128m -Xmx512m",
            ["JAVA_OPTS_APPEND"] = "-XX:TieredStopAtLevel=1",
        },
    };

    private string[] Arguments() =>
    [
        "start", "--db=dev-file", "--cache=local", "--health-enabled=true", "--http-enabled=true", "--http-host=127.0.0.1", "--http-port=" + Number(port),
        "--http-management-port=" + Number(managementPort),
    ];

    private string[] TlsArguments() => Tls is null ? [] :
    [
        "--https-port=" + Number(Tls.Port), "--https-certificate-file=" + Tls.CertificateFile, "--https-certificate-key-file=" + Tls.KeyFile,
        "--truststore-paths=" + Tls.TrustedRootFile, "--http-management-scheme=http",
    ];

    /// <summary>An installation keeps its data and its build beside its programs: a private server needs a copy of it all.</summary>
    private async Task<string> CopyAsync(string home, CancellationToken cancellationToken)
    {
        var copy = Path.Combine(path, "home");
        if (Directory.Exists(copy))
            return copy;
        using var process = Process.Start(new ProcessStartInfo("cp", ["-rL", home, copy]))!;
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        if (process.ExitCode != 0)
            throw new IOException($"{home} could not be copied to {copy}");
        var data = Path.Combine(copy, "data");
        if (Directory.Exists(data))
            Directory.Delete(data, recursive: true);
        return copy;
    }

    private static Uri Loopback(int port) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/"));

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
