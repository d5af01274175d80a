using System.CommandLine;
using System.Text.Json.Nodes;

namespace IoTPlatform.Iot;

/// <summary>What 'add' and 'update' say of how many certificates a provisioner gives out (<c>options.limits</c>).</summary>
internal static class LimitFlags
{
    private static readonly (Option<int?> Flag, string Member)[] Limits =
    [
        (Number("--certificates-per-hour", "Certificates of all its credentials in an hour; 0 for any number."), "certificatesPerHour"),
        (Number("--certificates-per-month", "The same in a month of the calendar."), "certificatesPerMonth"),
        (Number("--per-credential-per-hour", "Certificates of one credential, such as an ACME account, in an hour; 0 for any number."), "perCredentialPerHour"),
        (Number("--per-source-per-hour", "Certificates for one address in an hour; 0 for any number."), "perSourcePerHour"),
        (Number("--endpoints", "Active endpoints; 0 for any number."), "endpoints"),
    ];

    public static IReadOnlyList<Symbol> All { get; } = [.. Limits.Select(limit => limit.Flag)];

    public static void Apply(Run run, JsonObject definition)
    {
        if (!Limits.Any(limit => run.Get(limit.Flag) is not null))
        {
            return;
        }

        var options = definition["options"] as JsonObject ?? [];
        var limits = options["limits"] as JsonObject ?? [];
        foreach (var (flag, member) in Limits)
        {
            if (run.Get(flag) is { } number)
            {
                limits[member] = number == 0 ? null : number;
            }
        }

        options["limits"] = limits.Parent is null ? limits : limits.DeepClone();
        definition["options"] = options.Parent is null ? options : options.DeepClone();
    }

    private static Option<int?> Number(string name, string description) => new(name) { Description = description, HelpName = "number" };
}
