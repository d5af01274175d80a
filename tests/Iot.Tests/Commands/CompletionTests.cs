using IoTPlatform.Testing;

namespace IoTPlatform.Iot.Tests.Commands;

/// <summary>The completion script, in a real shell.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [SkippableTheory]
    [InlineData("iot tena", "tenant tenants")]
    [InlineData("iot tenants pre", "prepare")]
    [InlineData("iot tenants prepare --en", "--env-file")]
    [InlineData("iot completion ", "bash fish zsh")]
    [InlineData("iot audit list --fo", "--follow")]
    [InlineData("iot no-such ", null)]
    public async Task Bash_Tab_OffersWhatFits(string line, string? expected)
    {
        Requires.Tool("bash");
        var words = line.Split(' ');
        var result = await Tools.RunAsync("bash", ["-c", $$"""
            iot() { "{{Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet"}}" "{{Path.Combine(AppContext.BaseDirectory, "iot.dll")}}" "$@"; }
            source <(iot completion bash)
            complete -p iot | grep -q -- '-F _iot_complete' || exit 1
            COMP_WORDS=({{string.Join(' ', words.Select(word => $"'{word}'"))}}) COMP_CWORD={{words.Length - 1}} COMP_LINE='{{line}}' COMP_POINT={{line.Length}}
            _iot_complete
            printf 'offered %s\n' "${COMPREPLY[@]}"
            """]);

        result.EnsureSuccess();
        var offered = result.Output.Split('\n').Where(found => found.StartsWith("offered ", StringComparison.Ordinal)).Select(found => found["offered ".Length..]).Where(found => found.Length > 0).Order(StringComparer.Ordinal).ToList();
        if (expected is null)
        {
            offered.ShouldNotContain("prepare");
        }
        else if (line.EndsWith(' '))
        {
            offered.Where(found => found[0] != '-').ShouldBe(expected.Split(' '));
        }
        else
        {
            offered.ShouldBe(expected.Split(' '));
        }
    }

    [Theory]
    [InlineData("bash", "complete -o default")]
    [InlineData("zsh", "#compdef iot")]
    [InlineData("fish", "complete -c iot")]
    public async Task Completion_OfEveryShell_IsItsScript(string shell, string part) => (await Cli.RunAsync("completion", shell)).Output.ShouldContain(part);

    [Fact]
    public async Task Completion_OfAnotherShell_IsUsage() => (await Cli.RunAsync("completion", "tcsh")).Code.ShouldBe(ExitCode.Usage);

    [Fact]
    public async Task Rotate_AtItsFormerPlace_SaysWhereItIs()
    {
        var (code, _, error) = await Cli.RunAsync("tenants", "rotate", "--url", "https://127.0.0.1:1", "--data", _temp.Path);

        code.ShouldBe(ExitCode.Usage);
        error.ShouldContain("iot tenant rotate");
        (await Cli.RunAsync("tenants", "--help")).Output.ShouldNotContain("rotate");
    }

    [SkippableFact]
    public async Task DataFolder_OfAnotherUser_IsNamedAsSuch()
    {
        Requires.Tool("setpriv");
        Skip.IfNot(Environment.UserName == "root", "only root can run iot as another user");
        Directory.CreateDirectory(_temp.Combine("data", "certs"));
        await File.WriteAllTextAsync(_temp.Combine("data", "certs", "root_ca.crt"), "");
        File.SetUnixFileMode(_temp.Path, (UnixFileMode)0b111_101_101);
        File.SetUnixFileMode(_temp.Combine("data"), (UnixFileMode)0b111_000_000);

        // Its own copy: the build output may lie where that user cannot go.
        var copy = Directory.CreateDirectory(_temp.Combine("iot")).FullName;
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        var result = await Tools.RunAsync("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", Path.Combine(copy, "iot.dll"), "tenants", "list", "--data", _temp.Combine("data")]);

        result.ExitCode.ShouldBe(1, result.Error);
        result.Error.ShouldContain("belongs to another user and cannot be read");
        result.Error.ShouldContain("--root");
    }
}
