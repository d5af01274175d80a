using System.Text.Json;
using IoTPlatform.LocalServices;

namespace IoTPlatform.Iot.Tests.CommandLine;

public sealed class UsageTests
{
    [Theory]
    [InlineData("no-such-command")]
    [InlineData("tenants prepare")]
    [InlineData("tenants prepare UPPER")]
    [InlineData("tenants prepare a")]
    [InlineData("tenants reject acme")]
    [InlineData("devices show a:b")]
    [InlineData("devices token pump-1 --expires soon")]
    [InlineData("devices revoke pump-1 --reason-code 7")]
    [InlineData("devices revoke-token 17")]
    [InlineData("ca list --limit many")]
    [InlineData("tenants list --url")]
    [InlineData("up provider --join-key X")]
    public async Task Run_WrongCommandLine_IsUsage(string line)
    {
        var (code, output, error) = await Cli.RunAsync(line.Split(' '));

        code.ShouldBe(ExitCode.Usage);
        output.ShouldBeEmpty();
        error.ShouldContain("--help");
    }

    [Fact]
    public async Task Run_GroupWithoutVerb_ShowsWhatThereIs()
    {
        var (code, output, error) = await Cli.RunAsync("tenants");

        code.ShouldBe(ExitCode.Usage);
        (output + error).ShouldContain("prepare");
    }

    [Theory]
    [InlineData("http://localhost:1")]
    [InlineData("ftp://x")]
    [InlineData("https://")]
    public async Task Run_UrlThatIsNotHttps_IsUsage(string url)
    {
        var (code, _, error) = await Cli.RunAsync("tenants", "list", "--url", url, "--fingerprint", new string('a', 64));

        code.ShouldBe(ExitCode.Usage);
        error.ShouldContain("https");
    }

    [Fact]
    public async Task Run_FingerprintThatIsNone_IsUsage()
    {
        var (code, _, error) = await Cli.RunAsync("tenants", "list", "--fingerprint", "abc");

        code.ShouldBe(ExitCode.Usage);
        error.ShouldContain("64 hex digits");
    }

    [Fact]
    public async Task Run_NoListener_IsUnreachable()
    {
        var (code, output, error) = await Cli.RunAsync("tenants", "list", "--json", "--url", $"https://127.0.0.1:{FreePort.Next()}", "--fingerprint", new string('a', 64));

        code.ShouldBe(ExitCode.Unreachable);
        error.ShouldContain("--url");
        var failure = JsonDocument.Parse(output).RootElement.GetProperty("error");
        (failure.GetProperty("code").GetString(), failure.GetProperty("exit_code").GetInt32()).ShouldBe(("unreachable", 3));
    }

    [Fact]
    public async Task Run_FolderThatIsNone_IsUsage()
    {
        var (code, _, error) = await Cli.RunAsync("tenants", "list", "--data", "/nowhere/at/all");

        code.ShouldBe(ExitCode.Usage);
        error.ShouldContain("/nowhere/at/all");
    }
}
