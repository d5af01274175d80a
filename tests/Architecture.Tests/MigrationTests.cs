namespace IoTPlatform.Architecture.Tests;

public sealed class MigrationTests
{
    /// <summary>Two branches that each add a migration merge without a conflict.</summary>
    [Fact]
    public void NoTwoMigrationsOfAProject_HaveTheSameNumber()
        => Repository.Files("*.sql")
            .Where(path => path.Contains("/Migrations/", StringComparison.Ordinal))
            .GroupBy(path => path[..(path.LastIndexOf('/') + 1 + "0000".Length)])
            .Where(same => same.Count() > 1)
            .Select(same => string.Join(", ", same))
            .ShouldBeEmpty();
}
