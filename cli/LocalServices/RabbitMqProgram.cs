namespace IoTPlatform.LocalServices;

/// <summary>A RabbitMQ on this machine.</summary>
/// <param name="Path">The script itself; Debian's <c>/usr/sbin/rabbitmq-server</c> would change to another user and to the machine's own data.</param>
/// <param name="Version">3.0 if it cannot be determined.</param>
public sealed record RabbitMqProgram(string Path, Version Version)
{
    /// <summary>The one in <c>RABBITMQ_HOME</c>, else Debian's, else the one on PATH. Null: not installed.</summary>
    public static RabbitMqProgram? Installed { get; } = Find();

    private static RabbitMqProgram? Find()
    {
        const string debian = "/usr/lib/rabbitmq/bin/rabbitmq-server";
        var script = Environment.GetEnvironmentVariable("RABBITMQ_HOME") is { Length: > 0 } home ? System.IO.Path.Combine(home, "sbin", "rabbitmq-server")
            : File.Exists(debian) ? debian
            : ProgramSearch.OnPath("rabbitmq-server");
        return script is not null && File.Exists(script) ? new RabbitMqProgram(script, VersionOf(script)) : null;
    }

    /// <summary>By its plugins, each of which has the version in its name.</summary>
    private static Version VersionOf(string script)
    {
        var file = File.ResolveLinkTarget(script, returnFinalTarget: true)?.FullName ?? script;
        var plugins = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(file)!, "..", "plugins");
        var core = Directory.Exists(plugins) ? Directory.EnumerateFileSystemEntries(plugins, "rabbit-*").Select(System.IO.Path.GetFileName).FirstOrDefault() : null;
        return Version.TryParse(core?["rabbit-".Length..].Replace(".ez", "", StringComparison.Ordinal), out var version) ? version : new Version(3, 0);
    }
}
