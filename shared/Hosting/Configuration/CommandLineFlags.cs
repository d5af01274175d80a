namespace IoTPlatform.Hosting;

/// <summary>
/// <c>--name value</c> and <c>--name=value</c>. Flags are the settings' names in lower case with dashes, with or without the <c>iot-</c> prefix. The
/// framework's command-line source takes whatever it does not know, and has no switches.
/// </summary>
internal static class CommandLineFlags
{
    /// <summary>Null: empty, which hides the other sources' value. Throws <see cref="StartupException"/>, which never repeats a value.</summary>
    public static Dictionary<string, string?> Parse(IReadOnlyList<string> args, IReadOnlySet<string> names)
    {
        var flags = new Dictionary<string, string?>(StringComparer.Ordinal);
        for (var i = 0; i < args.Count; i++)
        {
            var equals = args[i].IndexOf('=', StringComparison.Ordinal);
            var flag = equals < 0 ? args[i] : args[i][..equals];
            var name = flag.StartsWith("--", StringComparison.Ordinal) ? NameOf(flag, names) : null;
            if (name is null)
            {
                throw new StartupException($"Unknown argument {(flag.StartsWith('-') ? flag : "without --")}. Known: {string.Join(' ', names.Select(FlagOf).Order(StringComparer.Ordinal))}", ExitCodes.Usage);
            }

            if (equals < 0 && string.Equals(name, PlatformConfiguration.LostDatabase, StringComparison.Ordinal))
            {
                flags[name] = "yes";
                continue;
            }

            if (equals < 0 && i + 1 == args.Count)
            {
                throw new StartupException($"{flag} needs a value.", ExitCodes.Usage);
            }

            flags[name] = (equals < 0 ? args[++i] : args[i][(equals + 1)..]) is { Length: > 0 } value ? value : null;
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
