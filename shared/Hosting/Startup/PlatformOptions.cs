namespace IoTPlatform.Hosting;

/// <summary>A host's settings by environment name. Order: command line, environment, env file (IOT_ENV_FILE), default. Names are listed once by the host; an unknown flag is a usage error.</summary>
public sealed class PlatformOptions
{
    private PlatformOptions() { }

    /// <summary>Flags are the names in lower case with dashes, with or without the <c>iot-</c> prefix: <c>--data x</c>, <c>--listen=y</c>, <c>--provider-url z</c>.</summary>
    /// <param name="environment">Null: the process environment.</param>
    public static PlatformOptions Load(IReadOnlyList<string> args, IReadOnlyCollection<string> names, IReadOnlyDictionary<string, string>? environment = null) => throw new NotImplementedException();

    /// <summary>Null when unset or empty.</summary>
    public string? this[string name] => throw new NotImplementedException();

    public string Get(string name, string fallback) => throw new NotImplementedException();

    /// <summary>Throws <see cref="StartupException"/> naming the setting and <paramref name="hint"/>.</summary>
    public string Required(string name, string hint) => throw new NotImplementedException();

    /// <summary>Comma or space separated.</summary>
    public IReadOnlyList<string> List(string name, string fallback) => throw new NotImplementedException();

    public Uri? Url(string name) => throw new NotImplementedException();

    /// <summary>Go-style durations as in step-ca: 90s, 15m, 24h, 1h30m, 7d.</summary>
    public TimeSpan Duration(string name, TimeSpan fallback) => throw new NotImplementedException();

    /// <summary>NAME, else the first line of the file NAME_FILE points at, else null.</summary>
    public string? Secret(string name) => throw new NotImplementedException();
}
