using System.CommandLine;

namespace IoTPlatform.Iot;

/// <summary>A command under its former name: not shown, does nothing, says where it went.</summary>
internal static class Moved
{
    public static Command To(string name, string now, string why)
    {
        var command = Verb.Create(name, $"Is now: {now}.", [now], (_, _) => throw CliException.Usage($"{why}: {now}"));
        command.Hidden = true;
        command.TreatUnmatchedTokensAsErrors = false;
        return command;
    }
}
