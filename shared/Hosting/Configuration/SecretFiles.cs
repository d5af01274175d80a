using Microsoft.Extensions.Configuration;

namespace IoTPlatform.Hosting;

/// <summary>Secrets as the first line of the file that NAME_FILE names, read whenever they are asked for. The framework's KeyPerFile takes a folder of files that are called like settings.</summary>
internal sealed class SecretFiles(IConfiguration settings, IReadOnlyCollection<string> names) : ConfigurationProvider, IConfigurationSource
{
    public const string Suffix = "_FILE";

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    /// <summary>Throws <see cref="StartupException"/> when the file that was named holds no secret.</summary>
    public override bool TryGet(string key, out string? value)
    {
        value = names.Contains(key) && settings[key + Suffix] is { } path ? Read(key + Suffix, path) : null;
        return value is not null;
    }

    private static string Read(string setting, string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault()?.Trim() is { Length: > 0 } line ? line : throw new StartupException($"{setting}: {path} is empty.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{setting}: {path} cannot be read: {FileProblem.Describe(e) ?? e.Message}", inner: e);
        }
    }
}
