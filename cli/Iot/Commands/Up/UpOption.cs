using System.CommandLine;

namespace IoTPlatform.Iot;

/// <summary>A flag of <c>iot up</c> and the host's setting it becomes.</summary>
internal sealed record UpOption(Option<string?> Option, string Variable)
{
    /// <summary>Without a value.</summary>
    public static UpOption Switch(string flag, string variable, string description) =>
        new(new(flag) { Description = $"{description} ({variable})", Arity = ArgumentArity.Zero, CustomParser = static _ => "yes" }, variable);

    public static UpOption Of(string flag, string variable, string description) => new(new(flag) { Description = $"{description} ({variable})" }, variable);
}
