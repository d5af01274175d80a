namespace IoTPlatform.Hosting;

/// <summary>A host's settings by environment name. Order: command line, environment, env file (IOT_ENV_FILE), default. Names are listed once by the host; an unknown flag is a usage error.</summary>
public sealed class PlatformOptions
{
    public const string EnvFileName = "IOT_ENV_FILE";

    /// <summary><c>--i-lost-the-database</c>, the one switch: it has no value.</summary>
    public const string LostDatabase = "IOT_I_LOST_THE_DATABASE";

    private const string FileSuffix = "_FILE";
    private readonly Dictionary<string, string> _values;

    private PlatformOptions(Dictionary<string, string> values) => _values = values;

    /// <summary>Null when unset or empty.</summary>
    public string? this[string name] => _values.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    /// <summary>Flags are the names in lower case with dashes, with or without the <c>iot-</c> prefix: <c>--data x</c>, <c>--listen=y</c>, <c>--provider-url z</c>.</summary>
    /// <param name="names">Every setting the host knows; NAME_FILE of each and IOT_ENV_FILE are known too.</param>
    /// <param name="environment">Null: the process environment.</param>
    public static PlatformOptions Load(IReadOnlyList<string> args, IReadOnlyCollection<string> names, IReadOnlyDictionary<string, string>? environment = null)
    {
        var known = names.Concat(names.Select(n => n + FileSuffix)).Append(EnvFileName).ToHashSet(StringComparer.Ordinal);
        var flags = CommandLineFlags.Parse(args, known);
        string? FromEnvironment(string name) => environment is null ? Environment.GetEnvironmentVariable(name) : environment.GetValueOrDefault(name);
        var file = (flags.GetValueOrDefault(EnvFileName) ?? FromEnvironment(EnvFileName)) is { Length: > 0 } path ? EnvFile.Load(path) : new Dictionary<string, string>(StringComparer.Ordinal);
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in known)
        {
            // An empty environment variable counts as unset, as compose files write them.
            var value = flags.GetValueOrDefault(name) ?? (FromEnvironment(name) is { Length: > 0 } set ? set : file.GetValueOrDefault(name));
            if (value is not null)
            {
                values[name] = value;
            }
        }

        return new PlatformOptions(values);
    }

    public string Get(string name, string fallback) => this[name] ?? fallback;

    /// <summary>Throws <see cref="StartupException"/> naming the setting and <paramref name="hint"/>.</summary>
    public string Required(string name, string hint) => this[name] ?? throw new StartupException($"{name} is not set. {hint}", ExitCodes.Usage);

    /// <summary>Comma or space separated.</summary>
    public IReadOnlyList<string> List(string name, string fallback) => Get(name, fallback).Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>http or https.</summary>
    public Uri? Url(string name)
    {
        if (this[name] is not { } text)
        {
            return null;
        }

        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0
            ? url
            : throw new StartupException($"{name} is not an http(s) URL. Expected for example https://provider.example:9443", ExitCodes.Usage);
    }

    /// <summary>Go-style durations as in step-ca: 90s, 15m, 24h, 1h30m, 7d. Positive.</summary>
    public TimeSpan Duration(string name, TimeSpan fallback) => this[name] is not { } text ? fallback
        : DurationText.TryParse(text, out var duration) ? duration
        : throw new StartupException($"{name} is not a duration. Expected for example 90s, 15m, 24h or 7d", ExitCodes.Usage);

    /// <summary>NAME, else the first line of the file NAME_FILE points at, else null.</summary>
    public string? Secret(string name)
    {
        if (this[name] is { } value)
        {
            return value;
        }

        if (this[name + FileSuffix] is not { } path)
        {
            return null;
        }

        try
        {
            return File.ReadLines(path).FirstOrDefault()?.Trim() is { Length: > 0 } line
                ? line
                : throw new StartupException($"{name}{FileSuffix}: {path} is empty.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{name}{FileSuffix}: {path} cannot be read: {FileProblem.Describe(e) ?? e.Message}", inner: e);
        }
    }
}

/// <summary><c>--name value</c> and <c>--name=value</c> for a set of environment names.</summary>
internal static class CommandLineFlags
{
    public static Dictionary<string, string> Parse(IReadOnlyList<string> args, IReadOnlySet<string> names)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < args.Count; i++)
        {
            var equals = args[i].IndexOf('=', StringComparison.Ordinal);
            var flag = equals < 0 ? args[i] : args[i][..equals];
            var name = flag.StartsWith("--", StringComparison.Ordinal) ? NameOf(flag, names) : null;
            if (name is null)
            {
                throw new StartupException($"Unknown argument {(flag.StartsWith('-') ? flag : "without --")}. Known: {string.Join(' ', names.Select(FlagOf).Order(StringComparer.Ordinal))}", ExitCodes.Usage);
            }

            if (equals < 0 && string.Equals(name, PlatformOptions.LostDatabase, StringComparison.Ordinal))
            {
                flags[name] = "yes";
                continue;
            }

            if (equals < 0 && i + 1 == args.Count)
            {
                throw new StartupException($"{flag} needs a value.", ExitCodes.Usage);
            }

            flags[name] = equals < 0 ? args[++i] : args[i][(equals + 1)..];
        }

        return flags;
    }

    private static string? NameOf(string flag, IReadOnlySet<string> names)
    {
        var name = flag[2..].ToUpperInvariant().Replace('-', '_');
        return names.Contains("IOT_" + name) ? "IOT_" + name : names.Contains(name) ? name : null;
    }

    private static string FlagOf(string name)
    {
        var bare = name.StartsWith("IOT_", StringComparison.Ordinal) ? name[4..] : name;
        return "--" + bare.ToLowerInvariant().Replace('_', '-');
    }
}
