using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace IoTPlatform.Architecture.Tests;

/// <summary>Package versions: one place, exact, nothing floats.</summary>
public sealed partial class PackageTests
{
    private static readonly XElement Central = XElement.Parse(Repository.Read("Directory.Packages.props"));

    /// <summary>One element may name several packages of one version.</summary>
    private static readonly IReadOnlyList<string> Pinned = [.. Central.Descendants("PackageVersion").SelectMany(package => package.Attribute("Include")!.Value.Split(';'))];

    private static IEnumerable<(string Path, XElement Reference)> References =>
        from path in Repository.Files("*.csproj").Concat(Repository.Files("*.props")).Concat(Repository.Files("*.targets"))
        from reference in XElement.Parse(Repository.Read(path)).Descendants("PackageReference")
        select (path, reference);

    [Fact]
    public void EveryVersion_IsExact()
        => Central.Descendants("PackageVersion")
            .Where(package => !ExactVersion().IsMatch(package.Attribute("Version")?.Value ?? ""))
            .Select(package => package.ToString())
            .ShouldBeEmpty();

    [Fact]
    public void EveryPackage_HasOneVersion()
        => Pinned.GroupBy(package => package, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() != 1).Select(group => group.Key).ShouldBeEmpty();

    [Fact]
    public void CentralManagement_IsOn()
    {
        Central.Descendants("ManagePackageVersionsCentrally").Single().Value.ShouldBe("true");
        Central.Descendants("CentralPackageTransitivePinningEnabled").Single().Value.ShouldBe("true");
        Central.Descendants("CentralPackageFloatingVersionsEnabled").ShouldBeEmpty();
    }

    [Fact]
    public void NoProjectFile_StatesAVersionItself()
        => References.Where(r => r.Reference.Attribute("Version") is not null || r.Reference.Attribute("VersionOverride") is not null || r.Reference.HasElements)
            .Select(r => $"{r.Path}: {r.Reference}")
            .ShouldBeEmpty();

    [Fact]
    public void EveryReferencedPackage_IsCentral()
        => Repository.Projects.SelectMany(project => project.Packages).Except(Pinned, StringComparer.OrdinalIgnoreCase).ShouldBeEmpty();

    [Fact]
    public void EveryPin_IsUsed()
        => Pinned.Except(References.Select(r => r.Reference.Attribute("Include")!.Value), StringComparer.OrdinalIgnoreCase).ShouldBeEmpty();

    // Known vulnerabilities, no maintainer.
    [Fact]
    public void PortableBouncyCastle_IsNotUsed()
        => Pinned.ShouldNotContain("Portable.BouncyCastle");

    [GeneratedRegex(@"^\d+\.\d+\.\d+(\.\d+)?(-beta\.\d+)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ExactVersion();
}
