using System.Globalization;
using IoTPlatform.Provider.Features.Broker;

namespace IoTPlatform.Provider.Portal;

/// <summary>What a plan allows, for people.</summary>
internal static class PlanWords
{
    /// <param name="plan">Whose numbers.</param>
    /// <param name="usedThisMonth">Certificates; null: they are not counted.</param>
    public static IEnumerable<string> Of(TenantPlan plan, int? usedThisMonth = null)
    {
        yield return Say($"{plan.Limits.MaxConnections:N0} connections at once, {plan.Limits.MaxQueues:N0} sessions with subscriptions");
        yield return Say($"messages of {plan.Limits.MaxMessageBytes / 1024:N0} KiB at most");
        yield return Say($"{plan.CertificatesPerHour:N0} certificates an hour");
        if (plan.CertificatesPerMonth is { } most)
        {
            yield return usedThisMonth is { } used ? Say($"{used:N0} of {most:N0} certificates used this month") : Say($"{most:N0} certificates a month");
        }

        yield return plan.Budget is { } budget ? Say($"{budget.MessagesPerSecond:N0} messages/s and {budget.BytesPerSecond / 1024.0:N0} KiB/s of telemetry") : "any amount of telemetry";
    }

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
