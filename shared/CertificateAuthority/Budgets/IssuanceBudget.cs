using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Budgets;

/// <summary>How many certificates, or active endpoints, something has: a provisioner, a credential, an address, a tenant, the whole stack. Counted in the commit that stores the certificate.</summary>
public sealed record IssuanceBudget
{
    internal const string Hour = "hour";
    internal const string Month = "month";
    internal const string Endpoints = "endpoints";

    /// <summary>Span and what it is of, for example <c>hour:provisioner/web</c>.</summary>
    [JsonPropertyName("scope")]
    public required string Scope { get; init; }

    /// <summary><c>hour</c>, <c>month</c> (of the calendar, UTC) or <c>endpoints</c>.</summary>
    [JsonPropertyName("span")]
    public required string Span { get; init; }

    [JsonPropertyName("most")]
    public required int Most { get; init; }

    /// <summary>Of endpoints: certificates of the same names are one.</summary>
    [JsonPropertyName("by_names")]
    public bool ByNames { get; init; }

    /// <summary>Of a tenant's certificates in a month, at whichever authority orders them.</summary>
    public static IssuanceBudget MonthOf(string tenant, int most) => new() { Scope = $"{Month}:tenant/{tenant}", Span = Month, Most = most };

    internal static string? Write(IReadOnlyList<IssuanceBudget> budgets) => budgets.Count == 0 ? null : JsonSerializer.Serialize(budgets, BudgetJson.Default.IReadOnlyListIssuanceBudget);

    /// <summary>429 <c>certificate_budget</c>.</summary>
    /// <param name="scope">That is used up.</param>
    /// <param name="retryAfter">When there may be room again.</param>
    internal static ProblemException UsedUp(string scope, TimeSpan? retryAfter)
    {
        var (span, of) = (scope[..scope.IndexOf(':', StringComparison.Ordinal)], scope[(scope.IndexOf(':', StringComparison.Ordinal) + 1)..]);
        var whose = of.Split('/', 3) switch
        {
            ["provisioner", var name, ..] => $"The provisioner {name}",
            ["credential", ..] => "The credential",
            ["source", ..] => "The address",
            ["tenant", var tenant, ..] => $"The tenant {tenant}",
            [""] => "This authority",
            _ => $"The provisioner {of}",
        };
        return new ProblemException(429, "certificate_budget", span == Endpoints ? $"{whose} has as many active endpoints as it may have." : $"{whose} has had as many certificates this {span} as it may have.", retryAfter);
    }
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(IReadOnlyList<IssuanceBudget>))]
internal sealed partial class BudgetJson : JsonSerializerContext;
