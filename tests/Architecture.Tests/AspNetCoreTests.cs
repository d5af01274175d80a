namespace IoTPlatform.Architecture.Tests;

/// <summary>The web server stays at the edge: hosts, Hosting and what stands on it, and the CA's Http and Tls folders.</summary>
public sealed class AspNetCoreTests
{
    private const string Namespace = @"\bMicrosoft\.AspNetCore\b";

    private static readonly string[] Inner = ["Contracts", "Jose", "Pki", "Pki.Signing", "Client", "Agent", "IotAgent", "LocalServices", "Iot"];

    public static readonly TheoryData<string> BelowTheEdge = [.. Inner];

    [Theory]
    [MemberData(nameof(BelowTheEdge))]
    public void Module_BelowTheEdge_HasNoWebFramework(string module)
    {
        var project = Repository.Module(module);
        project.UsesAspNetCore.ShouldBeFalse();
        project.Packages.ShouldNotContain(package => package.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
        Mentioning(project).ShouldBeEmpty();
    }

    [Fact]
    public void EveryModule_IsBelowTheEdgeOrKnownToBeAtIt()
        => Repository.Product.Select(project => project.Name).Except(Inner)
            .ShouldBe(["CertificateAuthority", "Database", "Events", "Hosting", "Identity", "Keycloak", "Mqtt", "Portal", "Provider", "RabbitMq", "Telemetry", "Tenant"], ignoreOrder: true);

    [Fact]
    public void CertificateAuthority_UsesTheWebFramework_OnlyInHttpAndTls()
    {
        var project = Repository.Module("CertificateAuthority");
        Mentioning(project)
            .Where(path => !path.StartsWith($"{project.Folder}/Http/", StringComparison.Ordinal) && !path.StartsWith($"{project.Folder}/Tls/", StringComparison.Ordinal))
            .ShouldBeEmpty();
        project.Xml.Descendants("Using").ShouldBeEmpty();
    }

    private static IEnumerable<string> Mentioning(Project project)
        => project.Sources.Where(file => file.Mentions(Namespace)).Select(file => file.Path);
}
