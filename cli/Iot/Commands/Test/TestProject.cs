namespace IoTPlatform.Iot;

internal sealed record TestProject(string Name, string Path)
{
    /// <summary>Takes longest, so it begins first and nothing waits for it alone.</summary>
    private const string Longest = "Integration.Tests";

    /// <summary>Every <c>tests/*/*.Tests.csproj</c>, in the order to begin them in: by name, but for the longest.</summary>
    public static IReadOnlyList<TestProject> FindAll(string root, string? contains) =>
    [
        .. Directory.EnumerateFiles(System.IO.Path.Combine(root, "tests"), "*.Tests.csproj", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 })
            .Select(path => new TestProject(System.IO.Path.GetFileNameWithoutExtension(path), path))
            .Where(project => contains is null || project.Name.Contains(contains, StringComparison.OrdinalIgnoreCase))
            .OrderByDescending(project => project.Name == Longest).ThenBy(project => project.Name, StringComparer.Ordinal),
    ];
}
