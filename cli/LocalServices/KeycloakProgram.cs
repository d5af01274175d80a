using System.Diagnostics;
using System.Globalization;

namespace IoTPlatform.LocalServices;

/// <summary>Where a Keycloak is: an installation, or an archive with a script that unpacks and starts it.</summary>
public sealed class KeycloakProgram
{
    /// <summary>An installation's folder.</summary>
    public string? Home { get; init; }

    /// <summary>Called with data folder, port, management port and options of <c>kc.sh start</c>.</summary>
    public string? StartScript { get; init; }

    /// <summary>KEYCLOAK_HOME, else <c>kc.sh</c> on PATH, else the archive in the folder that IOT_KEYCLOAK names or in <c>../shared/keycloak</c> beside the repository; null: nowhere.</summary>
    public static KeycloakProgram? Find(string? repositoryRoot) =>
        FindHome() is { } home ? new KeycloakProgram { Home = home }
        : FindScript(repositoryRoot) is { } script ? new KeycloakProgram { StartScript = script }
        : null;

    /// <summary>Java, without which none of them starts.</summary>
    public static bool HasJava => ProgramSearch.OnPath("java") is not null || Environment.GetEnvironmentVariable("JAVA_HOME") is { Length: > 0 };

    /// <summary>A copy below this folder, made once: an installation keeps its data and its build beside its programs.</summary>
    /// <returns>The copy's folder, without data.</returns>
    /// <exception cref="IOException">It could not be copied or unpacked.</exception>
    public async Task<string> InstallAsync(string path, CancellationToken cancellationToken = default)
    {
        var copy = Path.Combine(path, "home");
        if (Directory.Exists(copy))
        {
            return copy;
        }

        var unfinished = Directory.CreateDirectory(copy + ".part").FullName;
        await (Home is { } home ? RunAsync("cp", ["-rLT", home, unfinished], cancellationToken) : RunAsync("tar", ["-xf", Archive, "-C", unfinished, "--strip-components=1"], cancellationToken));
        var data = Path.Combine(unfinished, "data");
        if (Directory.Exists(data))
        {
            Directory.Delete(data, recursive: true);
        }

        Directory.Move(unfinished, copy);
        return copy;
    }

    private string Archive => Directory.EnumerateFiles(Path.GetDirectoryName(StartScript)!, "keycloak-*.tar.*").First();

    private static async Task RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments))!;
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new IOException($"'{program} {string.Join(' ', arguments)}' ended with {process.ExitCode.ToString(CultureInfo.InvariantCulture)}");
        }
    }

    private static string? FindHome()
    {
        if (Environment.GetEnvironmentVariable("KEYCLOAK_HOME") is { Length: > 0 } home && File.Exists(Path.Combine(home, "bin", "kc.sh")))
        {
            return home;
        }

        var script = ProgramSearch.OnPath("kc.sh");
        var real = script is null ? null : File.ResolveLinkTarget(script, returnFinalTarget: true)?.FullName ?? script;
        return Path.GetDirectoryName(Path.GetDirectoryName(real));
    }

    private static string? FindScript(string? repositoryRoot)
    {
        var folder = Environment.GetEnvironmentVariable("IOT_KEYCLOAK") is { Length: > 0 } configured ? configured
            : repositoryRoot is null ? null
            : Path.GetFullPath(Path.Combine(repositoryRoot, "..", "shared", "keycloak"));
        var script = folder is null ? null : Path.Combine(folder, "start");
        return File.Exists(script) ? script : null;
    }
}
