namespace IoTPlatform.Iot;

/// <summary>Where the hosts and test projects are: beside iot.dll when published, else in the repository's build output.</summary>
internal static class BuildOutput
{
    public static string Provider => Find("provider-stack/Provider", "IoTPlatform.Provider.dll");
    public static string Tenant => Find("tenant-stack/Tenant", "IoTPlatform.Tenant.dll");
    public static string Benchmarks => Find("tests/Benchmarks", "IoTPlatform.Benchmarks.dll");

    /// <summary>IOT_ROOT, else the folder above us that holds the solution; null when published.</summary>
    public static string? RepositoryRoot { get; } = FindRoot();

    public static string RequireRepository() =>
        RepositoryRoot ?? throw CliException.Failed("no_repository", "this needs the repository; set IOT_ROOT to it");

    // bin/<configuration>/<framework>: the hosts are taken from the same configuration as we are.
    private static string Configuration => new DirectoryInfo(AppContext.BaseDirectory).Parent?.Name is "Debug" ? "Debug" : "Release";

    private static string Find(string project, string assembly)
    {
        var beside = Path.Combine(AppContext.BaseDirectory, assembly);
        if (File.Exists(beside))
        {
            return beside;
        }

        var built = Path.Combine(RequireRepository(), project, "bin", Configuration, "net10.0", assembly);
        return File.Exists(built) ? built : throw CliException.Failed("not_built", $"{built} is not there; build first: dotnet build -c {Configuration}");
    }

    private static string? FindRoot()
    {
        if (Environment.GetEnvironmentVariable("IOT_ROOT") is { Length: > 0 } given)
        {
            return Path.GetFullPath(given);
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "IoTPlatform.sln")))
            {
                return folder.FullName;
            }
        }
        return null;
    }
}
