using IoTPlatform.Testing;

namespace IoTPlatform.Hosting.Tests.Configuration;

public sealed class EnvFileTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("A=b", "b")]
    [InlineData("A = b ", "b")]
    [InlineData("export A=b", "b")]
    [InlineData("A=", "")]
    [InlineData("A=b # comment", "b")]
    [InlineData("A=b#c", "b#c")]
    [InlineData("A=# comment", "")]
    [InlineData("A=\"b # c\"", "b # c")]
    [InlineData("A='b\\n$c'", "b\\n$c")]
    [InlineData("A=\"b\\n\\\"c\\\\\"  # comment", "b\n\"c\\")]
    [InlineData("A=x=y==", "x=y==")]
    [InlineData("# c\n\n  \nA=b\r\n", "b")]
    [InlineData("A=first\nA=last", "last")]
    [InlineData("\ufeffA=b", "b")]
    public void Load_Line_Value(string text, string value) => Load(text)["A"].ShouldBe(value);

    [Theory]
    [InlineData("A")]
    [InlineData("=b")]
    [InlineData("1A=b")]
    [InlineData("A B=c")]
    [InlineData("A=\"open")]
    [InlineData("A='x' y")]
    public void Load_BadLine_NamesLineNotContent(string line)
    {
        var refused = Should.Throw<StartupException>(() => Load("X=y\n" + line));

        refused.Message.ShouldContain("line 2");
        refused.Message.ShouldEndWith("expected KEY=VALUE.");
        refused.ExitCode.ShouldBe(ExitCodes.Usage);
    }

    [Fact]
    public void Load_MissingFile_Refused() => Should.Throw<StartupException>(() => EnvFile.Load(_temp.Combine("missing"))).Message.ShouldContain("cannot be read");

    private IReadOnlyDictionary<string, string> Load(string text)
    {
        File.WriteAllText(_temp.Combine(".env"), text);
        return EnvFile.Load(_temp.Combine(".env"));
    }
}
