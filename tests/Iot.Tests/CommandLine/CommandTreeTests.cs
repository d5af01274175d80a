using System.CommandLine;

namespace IoTPlatform.Iot.Tests.CommandLine;

/// <summary>Every command explains itself.</summary>
public sealed class CommandTreeTests
{
    private static readonly Dictionary<string, Command> Tree = All(IotProgram.Root, "iot").ToDictionary(command => command.Path, command => command.Command, StringComparer.Ordinal);

    public static TheoryData<string> Commands => [.. Tree.Keys];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Command_HasDescriptionAndExample_ThatParses(string path)
    {
        var command = Find(path);

        command.Description.ShouldNotBeNullOrWhiteSpace();
        Examples.Of(command).ShouldNotBeEmpty();
        foreach (var example in Examples.Of(command))
        {
            IotProgram.Root.Parse(Words(example)).Errors.ShouldBeEmpty(example);
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Command_OptionsAndArguments_AreDescribed(string path)
    {
        foreach (var option in Find(path).Options)
        {
            option.Description.ShouldNotBeNullOrWhiteSpace(option.Name);
        }

        foreach (var argument in Find(path).Arguments)
        {
            argument.Description.ShouldNotBeNullOrWhiteSpace(argument.Name);
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_OfEveryCommand_ShowsItsExample(string path)
    {
        var (code, output, _) = await Cli.RunAsync([.. path.Split(' ')[1..], "--help"]);

        code.ShouldBe(ExitCode.Ok);
        output.ShouldContain("Examples:");
        output.ShouldContain(Examples.Of(Find(path))[0]);
    }

    [Theory]
    [InlineData("demo")]
    [InlineData("test")]
    [InlineData("bench ca")]
    [InlineData("bench join")]
    [InlineData("up provider")]
    [InlineData("up tenant")]
    [InlineData("tenants prepare")]
    [InlineData("tenants list")]
    [InlineData("tenants show")]
    [InlineData("tenants revoke-key")]
    [InlineData("tenants remove")]
    [InlineData("tenants suspend")]
    [InlineData("tenants resume")]
    [InlineData("tenants check")]
    [InlineData("tenants telemetry")]
    [InlineData("tenant rotate")]
    [InlineData("tenants approve")]
    [InlineData("tenants reject")]
    [InlineData("devices token")]
    [InlineData("devices list")]
    [InlineData("devices show")]
    [InlineData("devices revoke")]
    [InlineData("devices hold")]
    [InlineData("devices release")]
    [InlineData("device enroll")]
    [InlineData("device run")]
    [InlineData("ca fingerprint")]
    [InlineData("ca root")]
    [InlineData("ca inspect")]
    [InlineData("ca list")]
    [InlineData("ca revoke")]
    [InlineData("ca hold")]
    [InlineData("ca release")]
    [InlineData("ca export-root-key")]
    [InlineData("ca remove-root-key")]
    [InlineData("audit verify")]
    [InlineData("login")]
    [InlineData("logout")]
    [InlineData("accounts add")]
    [InlineData("accounts list")]
    [InlineData("accounts reset")]
    [InlineData("accounts disable")]
    [InlineData("accounts enable")]
    [InlineData("accounts roles")]
    [InlineData("service-accounts add")]
    [InlineData("service-accounts list")]
    [InlineData("service-accounts rotate")]
    [InlineData("service-accounts remove")]
    public void Command_IsThere_AndTakesJson(string path)
    {
        Find("iot " + path).ShouldNotBeNull();
        IotCommand.Json.Recursive.ShouldBeTrue();
    }

    [Fact]
    public void NoOption_TakesASecret() =>
        Tree.Values.SelectMany(command => command.Options)
            .Select(option => option.Name)
            .Where(name => name is "--password" or "--join-key" or "--token" or "--ca-password")
            .ShouldBeEmpty("every process of a machine sees command lines");

    private static Command Find(string path) => Tree[path];

    private static IEnumerable<(string Path, Command Command)> All(Command command, string path) =>
        command.Subcommands.SelectMany(sub => All(sub, $"{path} {sub.Name}")).Prepend((path, command));

    // What comes before "iot" or after a pipe is the shell's.
    private static string[] Words(string example)
    {
        var line = example.Split("| jq")[0].Split(" > ")[0].TrimEnd(')');
        line = line[(line.IndexOf("iot ", StringComparison.Ordinal) + 4)..];
        return [.. System.CommandLine.Parsing.CommandLineParser.SplitCommandLine(line)];
    }
}
