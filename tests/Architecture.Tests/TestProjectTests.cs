namespace IoTPlatform.Architecture.Tests;

public sealed class TestProjectTests
{
    /// <summary>Clients of a server that others made, which Integration.Tests asks, and a program over a library, which EndToEnd.Tests runs.</summary>
    private static readonly string[] TestedElsewhere = ["Keycloak", "RabbitMq", "IotAgent"];

    private const string TestAttribute = @"\[(Skippable)?(Fact|Theory)\b";

    [Fact]
    public void EveryTestProject_ContainsATest()
        => Repository.Tests.Where(project => !project.Sources.Any(file => file.Mentions(TestAttribute)))
            .Select(project => project.Path)
            .ShouldBeEmpty();

    [Fact]
    public void EveryProductProject_HasTestsOfItsOwn()
        => Repository.Product.Select(project => project.Name).Except(TestedElsewhere).Select(name => $"{name}.Tests").Except(Repository.Tests.Select(project => project.Name)).ShouldBeEmpty();

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
