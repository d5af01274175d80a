using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;

namespace IoTPlatform.Hosting;

/// <summary>A host's settings by environment name. Order: command line, environment, env file, and of a secret the file that NAME_FILE names. An empty value is none.</summary>
public static class PlatformConfiguration
{
    public const string EnvFileName = "IOT_ENV_FILE";

    /// <summary><c>--i-lost-the-database</c>, the one switch: it has no value.</summary>
    public const string LostDatabase = "IOT_I_LOST_THE_DATABASE";

    /// <param name="args">See <see cref="CommandLineFlags"/>.</param>
    /// <param name="names">Every setting the host knows; NAME_FILE of each and IOT_ENV_FILE are known too.</param>
    /// <param name="secrets">Those that <see cref="SecretFiles"/> reads.</param>
    /// <param name="environment">Null: the process environment.</param>
    public static IConfiguration Load(
        IReadOnlyList<string> args, IReadOnlyCollection<string> names, IReadOnlyCollection<string> secrets, IReadOnlyDictionary<string, string>? environment = null)
    {
        var known = names.Concat(names.Select(name => name + SecretFiles.Suffix)).Append(EnvFileName).ToHashSet(StringComparer.Ordinal);
        var variables = known.ToDictionary(name => name, name => environment is null ? Environment.GetEnvironmentVariable(name) : environment.GetValueOrDefault(name));
        // An empty flag hides the setting's other values, but not NAME_FILE.
        var flags = CommandLineFlags.Parse(args, known);
        // The variables of the known names only, and none that is empty, as compose files write what is unset: the framework's source would take all of them.
        var builder = new ConfigurationBuilder().AddInMemoryCollection(NotEmpty(variables.Where(variable => !flags.ContainsKey(variable.Key)))).AddInMemoryCollection(NotEmpty(flags));
        if (builder.Build()[EnvFileName] is { } path)
        {
            AddBelow(new MemoryConfigurationSource { InitialData = NotEmpty(EnvFile.Load(path).Where(line => known.Contains(line.Key) && !flags.ContainsKey(line.Key))!) });
        }

        AddBelow(new SecretFiles(builder.Build(), secrets));
        return builder.Build();

        void AddBelow(IConfigurationSource source) => builder.Sources.Insert(0, source);
    }

    private static IEnumerable<KeyValuePair<string, string?>> NotEmpty(IEnumerable<KeyValuePair<string, string?>> values) => values.Where(value => value.Value is { Length: > 0 });
}
