using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace IoTPlatform.Architecture.Tests;

/// <summary>Package versions: one place, exact, nothing floats.</summary>
public sealed partial class PackageTests
{
    private static readonly XElement Central = XElement.Parse(Repository.Read("Directory.Packages.props"));

    [Fact]
    public void EveryVersion_IsExact()
        => Central.Descendants("PackageVersion")
            .Where(package => !ExactVersion().IsMatch(package.Attribute("Version")?.Value ?? ""))
            .Select(package => package.ToString())
            .ShouldBeEmpty();

    [Fact]
    public void EveryPackage_HasOneVersion()
        => Central.Descendants("PackageVersion")
            .GroupBy(package => package.Attribute("Include")?.Value, StringComparer.OrdinalIgnoreCase)
            .Where(group => group.Key is null || group.Count() != 1)
            .Select(group => group.Key)
            .ShouldBeEmpty();

    [Fact]
    public void CentralManagement_IsOn()
    {
        Central.Descendants("ManagePackageVersionsCentrally").Single().Value.ShouldBe("true");
        Central.Descendants("CentralPackageTransitivePinningEnabled").Single().Value.ShouldBe("true");
        Central.Descendants("CentralPackageFloatingVersionsEnabled").ShouldBeEmpty();
    }

    [Fact]
    public void NoProjectFile_StatesAVersionItself()
        => (from path in Repository.Files("*.csproj").Concat(Repository.Files("*.props")).Concat(Repository.Files("*.targets"))
            from reference in XElement.Parse(Repository.Read(path)).Descendants("PackageReference")
            where reference.Attribute("Version") is not null || reference.Attribute("VersionOverride") is not null || reference.HasElements
            select $"{path}: {reference}")
            .ShouldBeEmpty();

    [Fact]
    public void EveryReferencedPackage_IsCentral()
    {
        var central = Central.Descendants("PackageVersion").Select(package => package.Attribute("Include")!.Value).ToHashSet(StringComparer.OrdinalIgnoreCase);
        Repository.Projects.SelectMany(project => project.Packages).Where(package => !central.Contains(package)).ShouldBeEmpty();
    }

    // Known vulnerabilities, no maintainer.
    [Fact]
    public void PortableBouncyCastle_IsNotUsed()
        => Central.Descendants("PackageVersion").ShouldNotContain(package => package.Attribute("Include")!.Value.Contains("BouncyCastle"));

    [GeneratedRegex(@"^\d+\.\d+\.\d+(\.\d+)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ExactVersion();
}
