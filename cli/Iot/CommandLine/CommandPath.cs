using System.CommandLine.Parsing;

namespace IoTPlatform.Iot;

internal static class CommandPath
{
    /// <summary>For example <c>iot tenants prepare</c>.</summary>
    public static string Of(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{Of(parent)} {command.Command.Name}" : "iot";
}
