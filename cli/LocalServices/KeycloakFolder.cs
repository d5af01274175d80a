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

    public Uri Url { get; } = Loopback(port);

    /// <summary>200 once it is ready.</summary>
    public Uri Health { get; } = new(Loopback(managementPort), "health/ready");

    public string Issuer(string realm) => $"{Url.AbsoluteUri}realms/{realm}";

    /// <summary>What starts it. SIGTERM ends it; it becomes <c>kc.sh</c>, whose child is the JVM.</summary>
    public async Task<ServiceCommand> ServerAsync(CancellationToken cancellationToken = default) => new()
    {
        FileName = program.StartScript ?? Path.Combine(await program.InstallAsync(path, cancellationToken), "bin", "kc.sh"),
        Arguments = program.StartScript is null ? Arguments() : [path, Number(port), Number(managementPort)],
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

    private static Uri Loopback(int port) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/"));

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
