using System.Text.Json.Nodes;
using IoTPlatform.Testing;

namespace IoTPlatform.Iot.Tests.Commands;

/// <summary>A ca.json of others names files: only those of its own folder are read, and sent to the server.</summary>
public sealed class TemplateFileTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public TemplateFileTests()
    {
        Directory.CreateDirectory(_temp.Combine("step", "config"));
        Directory.CreateDirectory(_temp.Combine("step", "templates"));
        File.WriteAllText(_temp.Combine("secret"), "secret");
        File.WriteAllText(_temp.Combine("step", "templates", "leaf.tpl"), "leaf");
        File.CreateSymbolicLink(_temp.Combine("step", "templates", "link.tpl"), _temp.Combine("secret"));
        Directory.CreateSymbolicLink(_temp.Combine("step", "elsewhere"), _temp.Path);
    }

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("templates/leaf.tpl")]
    [InlineData("templates/../templates/leaf.tpl")]
    public void File_InTheFolder_IsRead(string file) => Inline(file).ShouldBe("leaf");

    [Fact]
    public void File_InTheFolderByItsWholePath_IsRead() => Inline(_temp.Combine("step", "templates", "leaf.tpl")).ShouldBe("leaf");

    [Theory]
    [InlineData("../secret")]
    [InlineData("templates/../../secret")]
    [InlineData("templates/link.tpl")]
    [InlineData("elsewhere/secret")]
    [InlineData("/etc/passwd")]
    [InlineData("..")]
    public void File_Elsewhere_IsRefused(string file) => Should.Throw<CliException>(() => Inline(file)).Code.ShouldBe("file_elsewhere");

    [Fact]
    public void File_ThatIsNotThere_IsToldAsThat() => Should.Throw<CliException>(() => Inline("templates/none.tpl")).Code.ShouldBe("no_file");

    private string? Inline(string file)
    {
        var definition = new JsonObject { ["options"] = new JsonObject { ["x509"] = new JsonObject { ["templateFile"] = file } } };
        TemplateFlags.Inline(definition, _temp.Combine("step", "config", "ca.json"));
        return definition["options"]!["x509"]!["template"]?.ToString();
    }
}
