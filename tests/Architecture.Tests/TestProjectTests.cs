namespace IoTPlatform.Architecture.Tests;

public sealed class TestProjectTests
{
    /// <summary>Clients of a server that others made: Integration.Tests asks the real one.</summary>
    private static readonly string[] TestedByIntegration = ["Keycloak", "RabbitMq"];

    private const string TestAttribute = @"\[(Skippable)?(Fact|Theory)\b";

    [Fact]
    public void EveryTestProject_ContainsATest()
        => Repository.Tests.Where(project => !project.Sources.Any(file => file.Mentions(TestAttribute)))
            .Select(project => project.Path)
            .ShouldBeEmpty();

    [Fact]
    public void EveryProductProject_HasTestsOfItsOwn()
        => Repository.Product.Select(project => project.Name).Except(TestedByIntegration).Select(name => $"{name}.Tests").Except(Repository.Tests.Select(project => project.Name)).ShouldBeEmpty();

    [Fact]
    public void NoTest_IsSkippedForGood()
        => Repository.Tests.SelectMany(project => project.Sources)
            .Where(file => file.Mentions(@"\[(Skippable)?(Fact|Theory)\([^)]*\bSkip\s*="))
            .Select(file => file.Path)
            .ShouldBeEmpty();

    [Fact]
    public void NoTest_Sleeps()
        => Repository.Tests.SelectMany(project => project.Sources)
            .Where(file => file.Mentions(@"\bThread\.Sleep\("))
            .Select(file => file.Path)
            .ShouldBeEmpty();
}
