namespace IoTPlatform.Iot;

internal static class ProgramPath
{
    /// <summary>Full path of a program on PATH, or null.</summary>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin")
            .Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    /// <summary>The dotnet we run on, else the one on PATH.</summary>
    public static string Dotnet() =>
        Environment.ProcessPath is { } self && Path.GetFileName(self) == "dotnet" ? self
            : Find("dotnet") ?? throw CliException.Failed("no_dotnet", "dotnet is not on PATH; install the .NET 10 SDK");
}
