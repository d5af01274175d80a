using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using IoTPlatform.Hosting;

namespace IoTPlatform.Provider.Features.Messaging;

/// <summary>What tenants may use, by the name of their plan.</summary>
internal sealed partial class TenantPlans
{
    /// <summary>Of a tenant for which nothing else was said.</summary>
    public const string Standard = "standard";

    /// <summary>A bridge certificate lives for a year.</summary>
    private const int DefaultCertificatesPerHour = 60;

    private readonly ImmutableSortedDictionary<string, TenantPlan> plans;

    private TenantPlans(ImmutableSortedDictionary<string, TenantPlan> plans) => this.plans = plans;

    public static TenantPlans Default { get; } = Parse(["small=2/20", "standard=10/100", "large=100/1000"]);

    /// <param name="entries">Each <c>name=connections/sessions</c> or <c>name=connections/sessions/certificates per hour</c>; one of them is <c>standard</c>.</param>
    /// <exception cref="FormatException">Says which entry is wrong, and how.</exception>
    public static TenantPlans Parse(IEnumerable<string> entries)
    {
        var plans = ImmutableSortedDictionary.CreateBuilder<string, TenantPlan>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (Entry().Match(entry) is not { Success: true } match)
                throw new FormatException($"{entry} is not name=connections/sessions or name=connections/sessions/certificates, for example standard=10/100");
            var limits = new BrokerLimits(Number(match, "connections"), Number(match, "sessions"), BrokerLimits.Default.MaxMessageBytes);
            if (!plans.TryAdd(match.Groups["name"].Value, new TenantPlan(limits, match.Groups["certificates"].Success ? Number(match, "certificates") : DefaultCertificatesPerHour)))
                throw new FormatException($"{match.Groups["name"].Value} is there twice");
        }

        return plans.ContainsKey(Standard) ? new TenantPlans(plans.ToImmutable()) : throw new FormatException($"the plan {Standard} is missing");
    }

    /// <summary>A plan that is gone from the settings leaves its tenants with the standard.</summary>
    public BrokerLimits LimitsOf(string plan) => Of(plan).Limits;

    /// <summary>Bridge and Sub-CA certificates that the provider renews or rotates for a tenant within an hour.</summary>
    public int CertificatesPerHourOf(string plan) => Of(plan).CertificatesPerHour;

    /// <summary>Throws 400 <c>plan_unknown</c>.</summary>
    public string Require(string plan) => plans.ContainsKey(plan)
        ? plan
        : throw new ProblemException(StatusCodes.Status400BadRequest, "plan_unknown", $"There is no such plan; there are: {string.Join(", ", plans.Keys)}.");

    private TenantPlan Of(string plan) => plans.GetValueOrDefault(plan) ?? plans[Standard];

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex("^(?<name>[a-z0-9-]{1,32})=(?<connections>[1-9][0-9]{0,5})/(?<sessions>[1-9][0-9]{0,5})(/(?<certificates>[1-9][0-9]{0,5}))?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Timeout.Infinite)]
    private static partial Regex Entry();
}
