using System.Xml.Linq;

namespace IoTPlatform.Architecture.Tests;

/// <summary>One csproj, as far as it says what the project may use.</summary>
internal sealed record Project(string Path, XElement Xml)
{
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    public string Folder => System.IO.Path.GetDirectoryName(Path)!.Replace('\\', '/');

    /// <summary>Projects whose types this one's code can name.</summary>
    public IEnumerable<string> References => ProjectReferences(compiled: true);

    /// <summary>Projects that are only built along, to be started as processes.</summary>
    public IEnumerable<string> BuildsAlong => ProjectReferences(compiled: false);

    public IEnumerable<string> Packages => Includes("PackageReference");

    public IEnumerable<string> Frameworks => Includes("FrameworkReference");

    public bool UsesAspNetCore => Frameworks.Contains("Microsoft.AspNetCore.App") || Xml.Attribute("Sdk")?.Value == "Microsoft.NET.Sdk.Web";

    public IEnumerable<SourceFile> Sources => Repository.Files("*.cs", Folder).Select(SourceFile.Load);

    public static Project Load(string path) => new(path, XElement.Parse(Repository.Read(path)));

    private IEnumerable<string> ProjectReferences(bool compiled)
        => Xml.Descendants("ProjectReference")
            .Where(reference => compiled != (reference.Attribute("ReferenceOutputAssembly")?.Value == "false"))
            .Select(reference => System.IO.Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));

    private IEnumerable<string> Includes(string element)
        => Xml.Descendants(element).Select(item => item.Attribute("Include")!.Value);
}
