using System.CommandLine;
using System.CommandLine.Parsing;
using IoTPlatform.Contracts;

namespace IoTPlatform.Iot;

internal static class DeviceArguments
{
    public static Argument<string> Id { get; } = Create(ArgumentArity.ExactlyOne);
    public static Argument<string?> OptionalId { get; } = Create(ArgumentArity.ZeroOrOne)!;

    private static Argument<string> Create(ArgumentArity arity)
    {
        var id = new Argument<string>("device-id") { Description = "Lower-case DNS labels, at most 64 characters.", Arity = arity };
        id.Validators.Add(Check);
        return id;
    }

    private static void Check(ArgumentResult result)
    {
        if (result.Tokens.Count == 1 && !DeviceId.IsValid(result.Tokens[0].Value))
            result.AddError($"'{result.Tokens[0].Value}' is not a device id: lower-case DNS labels, at most 64 characters");
    }
}
