namespace IoTPlatform.Architecture.Tests;

/// <summary>The checked-out tree this assembly was built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<Project> Projects { get; } =
        [.. Files("*.csproj").Select(Project.Load).OrderBy(project => project.Name, StringComparer.Ordinal)];

    public static IEnumerable<Project> Product => Projects.Where(project => !project.Path.StartsWith("tests/", StringComparison.Ordinal));

    public static IEnumerable<Project> Tests => Projects.Where(project => project.Name.EndsWith(".Tests", StringComparison.Ordinal));

    public static Project Module(string name) => Projects.Single(project => project.Name == name);

    /// <summary>Paths relative to the root, with forward slashes; build output left out.</summary>
    public static IEnumerable<string> Files(string pattern, string folder = "")
        => Directory.EnumerateFiles(System.IO.Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
            .Select(path => System.IO.Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(path => !path.Split('/').Any(part => part is "bin" or "obj" or ".git"));

    public static string Read(string path) => File.ReadAllText(System.IO.Path.Combine(Root, path));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "IoTPlatform.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside the repository.");
    }
}
