namespace IoTPlatform.LocalServices;

/// <summary>What to start; the caller starts and ends it. A class, not a record: the environment holds secrets.</summary>
public sealed class ServiceCommand
{
    public required string FileName { get; init; }
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Set over the inherited environment; null removes.</summary>
    public required IReadOnlyDictionary<string, string?> Environment { get; init; }
}

internal static class ProgramSearch
{
    /// <summary>Full path of a program on PATH, or null.</summary>
    public static string? OnPath(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
}
