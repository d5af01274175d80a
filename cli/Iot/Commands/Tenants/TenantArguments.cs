using System.CommandLine;
using IoTPlatform.Contracts;

namespace IoTPlatform.Iot;

internal static class TenantArguments
{
    public static Argument<string> Id { get; } = Create();

    private static Argument<string> Create()
    {
        var id = new Argument<string>("tenant-id") { Description = "2 to 63 lower-case letters, digits and inner dashes." };
        id.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && !TenantId.IsValid(result.Tokens[0].Value))
                result.AddError($"'{result.Tokens[0].Value}' is not a tenant id: 2 to 63 lower-case letters, digits and inner dashes");
        });
        return id;
    }
}
