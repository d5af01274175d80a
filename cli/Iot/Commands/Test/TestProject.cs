namespace IoTPlatform.Iot;

internal sealed record TestProject(string Name, string Path)
{
    /// <summary>Every <c>tests/*/*.Tests.csproj</c>, by name.</summary>
    public static IReadOnlyList<TestProject> FindAll(string root, string? contains) =>
    [
        .. Directory.EnumerateFiles(System.IO.Path.Combine(root, "tests"), "*.Tests.csproj", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 })
            .Select(path => new TestProject(System.IO.Path.GetFileNameWithoutExtension(path), path))
            .Where(project => contains is null || project.Name.Contains(contains, StringComparison.OrdinalIgnoreCase))
            .OrderBy(project => project.Name, StringComparer.Ordinal),
    ];
}
