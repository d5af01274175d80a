namespace IoTPlatform.Testing;

/// <summary>
/// Where a Keycloak is: KEYCLOAK_HOME, <c>kc.sh</c> on PATH, or an archive with its <c>start</c> script in the folder that IOT_KEYCLOAK
/// names or in <c>../shared/keycloak</c> beside the repository.
/// </summary>
internal static class KeycloakProgram
{
    /// <summary>An installation's folder; null: none.</summary>
    public static string? Home { get; } = FindHome();

    /// <summary>The script that unpacks and starts; null: none.</summary>
    public static string? StartScript { get; } = FindScript();

    public static bool Exists => Home is not null || StartScript is not null;

    private static string? FindHome()
    {
        if (Environment.GetEnvironmentVariable("KEYCLOAK_HOME") is { Length: > 0 } home && File.Exists(Path.Combine(home, "bin", "kc.sh")))
        {
            return home;
        }

        var script = Tools.Find("kc.sh");
        var real = script is null ? null : File.ResolveLinkTarget(script, returnFinalTarget: true)?.FullName ?? script;
        return Path.GetDirectoryName(Path.GetDirectoryName(real));
    }

    private static string? FindScript()
    {
        var folder = Environment.GetEnvironmentVariable("IOT_KEYCLOAK") is { Length: > 0 } configured
            ? configured
            : Path.GetFullPath(Path.Combine(Tools.RepositoryRoot, "..", "shared", "keycloak"));
        var script = Path.Combine(folder, "start");
        return File.Exists(script) ? script : null;
    }
}
