using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;

namespace IoTPlatform.Iot;

/// <summary>What 'add' and 'update' say of a provisioner's inventory, and of its certificate template, as step-ca's <c>options.x509</c>; templates that ca.json names by their files are read.</summary>
internal static class TemplateFlags
{
    private static readonly Option<string?> Template = new("--x509-template") { Description = "File with the template of its certificates (docs/templates.md); '' for none.", HelpName = "file" };
    private static readonly Option<string?> TemplateData = new("--x509-template-data") { Description = "JSON file with an object for the template; '' for none.", HelpName = "file" };

    private static readonly Option<string?> Inventory = new("--inventory") { Description = "Inventory that has its credentials; it certifies nobody else (docs/inventories.md); '' for none.", HelpName = "name" };

    public static IReadOnlyList<Symbol> All { get; } = [Template, TemplateData, Inventory];

    public static void Apply(Run run, JsonObject definition)
    {
        if (run.Get(Template) is null && run.Get(TemplateData) is null && run.Get(Inventory) is null)
        {
            return;
        }

        var options = definition["options"] as JsonObject ?? [];
        if (run.Get(Inventory) is { } inventory)
        {
            options["inventory"] = inventory.Length == 0 ? null : inventory;
        }

        var x509 = options["x509"] as JsonObject ?? [];
        if (run.Get(Template) is { } file)
        {
            Put(x509, file);
        }

        if (run.Get(TemplateData) is { } data)
        {
            x509["templateData"] = data.Length == 0 ? null : ProvisionerDefinitions.Parse(data);
        }

        options["x509"] = x509.Parent is null ? x509 : x509.DeepClone();
        definition["options"] = options.Parent is null ? options : options.DeepClone();
    }

    /// <summary>A template of a file that ca.json names becomes the definition's own.</summary>
    /// <param name="definition">As ca.json has it.</param>
    /// <param name="source">Path of ca.json, in step-ca's folder <c>config</c>: what it names is relative to the folder above.</param>
    public static void Inline(JsonObject definition, string source)
    {
        if (definition["options"]?["x509"] is not JsonObject x509 || x509["templateFile"]?.ToString() is not { Length: > 0 } file || x509["template"]?.ToString() is { Length: > 0 })
        {
            return;
        }

        Put(x509, Within(FolderOf(source), file, "templateFile"));
    }

    /// <summary>That step-ca's relative paths are of.</summary>
    public static string FolderOf(string source)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(source))!;
        return Path.GetFileName(folder) == "config" ? Path.GetDirectoryName(folder)! : folder;
    }

    /// <summary>A ca.json of others must not send whatever this machine's user can read to the server: neither by '..' nor by a link.</summary>
    /// <param name="folder">Of step-ca.</param>
    /// <param name="file">As ca.json names it.</param>
    /// <param name="member">For messages.</param>
    public static string Within(string folder, string file, string member)
    {
        var path = Path.GetFullPath(Path.Combine(folder, file));
        var relative = Path.GetRelativePath(folder, path);
        var isOutside = Path.IsPathRooted(relative) || relative == ".." || relative.StartsWith("../", StringComparison.Ordinal);
        for (var part = path; !isOutside && part.Length > folder.Length; part = Path.GetDirectoryName(part)!)
        {
            isOutside = new FileInfo(part).LinkTarget is not null;
        }

        return isOutside ? throw new CliException(ExitCode.Failed, "file_elsewhere", $"its {member} {file} is not in the folder {folder}; put it there, or add the provisioner by hand") : path;
    }

    /// <summary>The file's name stays, for messages.</summary>
    private static void Put(JsonObject x509, string file)
    {
        x509["template"] = file.Length == 0 ? null : Encoding.UTF8.GetString(ProvisionerFlags.Read(file));
        x509["templateFile"] = file.Length == 0 ? null : Path.GetFileName(file);
    }
}
