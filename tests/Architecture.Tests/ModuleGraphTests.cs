namespace IoTPlatform.Architecture.Tests;

/// <summary>Who may see whom. A new arrow is a decision: it is made here first.</summary>
public sealed class ModuleGraphTests
{
    public static readonly TheoryData<string, string[]> Graph = new()
    {
        { "Contracts", [] },
        { "Jose", [] },
        { "Pki", [] },
        { "Pki.Signing", ["Pki"] },
        { "Hosting", ["Contracts", "Pki"] },
        { "Database", ["Contracts", "Hosting"] },
        { "Mqtt", ["Hosting"] },
        { "RabbitMq", ["Database", "Hosting", "Pki"] },
        { "Events", ["Contracts", "Database", "Hosting"] },
        { "Telemetry", ["Contracts", "Hosting"] },
        { "Identity", ["Contracts", "Database", "Hosting", "Jose", "Pki"] },
        { "Keycloak", ["Hosting", "Identity"] },
        { "CertificateAuthority", ["Contracts", "Database", "Events", "Hosting", "Jose", "Pki", "Pki.Signing"] },
        { "Client", ["Contracts", "Pki"] },
        { "Portal", ["CertificateAuthority", "Contracts", "Database", "Hosting", "Identity", "Pki", "Telemetry"] },
        { "Provider", ["CertificateAuthority", "Contracts", "Database", "Events", "Hosting", "Identity", "Keycloak", "Mqtt", "Portal", "RabbitMq", "Telemetry"] },
        { "Tenant", ["CertificateAuthority", "Client", "Contracts", "Database", "Events", "Hosting", "Identity", "Keycloak", "Mqtt", "Portal", "RabbitMq", "Telemetry"] },
        { "Agent", ["Client", "Contracts", "Pki"] },
        { "IotAgent", ["Agent"] },
        { "LocalServices", [] },
        { "Iot", ["Agent", "Client", "Contracts", "Database", "Hosting", "Identity", "Keycloak", "LocalServices", "Pki.Signing"] },
    };

    private static readonly Dictionary<string, string> Stacks = new()
    {
        ["Provider"] = "provider-stack/",
        ["Tenant"] = "tenant-stack/",
        ["Agent"] = "device-stack/",
        ["IotAgent"] = "device-stack/",
    };

    [Theory]
    [MemberData(nameof(Graph))]
    public void Module_References_AreExactlyTheGraphs(string module, string[] references)
        => Repository.Module(module).References.Order(StringComparer.Ordinal).ShouldBe(references);

    [Fact]
    public void EveryProductProject_IsInTheGraph()
        => Repository.Product.Select(project => project.Name).ShouldBe(Graph.Select(row => (string)row[0]), ignoreOrder: true);

    [Theory]
    [InlineData("Contracts", new string[0])]
    [InlineData("Pki", new[] { "BouncyCastle.Cryptography" })]
    [InlineData("Pki.Signing", new[] { "Microsoft.Extensions.ObjectPool" })]
    [InlineData("Jose", new[] { "BouncyCastle.Cryptography", "jose-jwt", "Microsoft.IdentityModel.Tokens" })]
    public void Foundation_StandsOnItsLibrariesAlone(string module, string[] libraries)
    {
        var project = Repository.Module(module);
        project.Packages.ShouldBe(libraries);
        project.Frameworks.ShouldBeEmpty();
    }

    [Fact]
    public void Cli_StartsTheStacksAsProcesses_AndOnlyBuildsThemAlong()
        => Repository.Module("Iot").BuildsAlong.ShouldBe(["Provider", "Tenant"], ignoreOrder: true);

    [Fact]
    public void OnlyTheCli_BuildsOtherProjectsAlong()
        => Repository.Product.Where(project => project.Name != "Iot").SelectMany(project => project.BuildsAlong).ShouldBeEmpty();

    [Theory]
    [InlineData("Provider")]
    [InlineData("Tenant")]
    [InlineData("Agent")]
    public void Stack_NeverNamesAnother(string stack)
    {
        var others = string.Join('|', Stacks.Keys.Where(other => other != stack));
        Repository.Module(stack).Path.ShouldStartWith(Stacks[stack]);
        Repository.Module(stack).Sources
            .Where(file => file.Mentions($@"\bIoTPlatform\.({others})\b"))
            .Select(file => file.Path)
            .ShouldBeEmpty();
    }

    [Fact]
    public void Product_NeverReferencesTests()
    {
        var tests = Repository.Projects.Except(Repository.Product).Select(project => project.Name).ToHashSet();
        Repository.Product.Where(project => project.References.Concat(project.BuildsAlong).Any(tests.Contains)).ShouldBeEmpty();
    }

    [Fact]
    public void EveryProject_IsInTheSolution()
    {
        var solution = Repository.Read("IoTPlatform.sln").Replace('\\', '/');
        Repository.Projects.Where(project => !solution.Contains($"\"{project.Path}\"")).Select(project => project.Path).ShouldBeEmpty();
    }
}
