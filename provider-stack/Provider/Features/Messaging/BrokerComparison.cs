namespace IoTPlatform.Provider.Features.Messaging;

internal static class BrokerComparison
{
    /// <summary>Member by member, for a broker that can tell all of it.</summary>
    public static IReadOnlyList<BrokerDifference> Of(BrokerTenant expected, BrokerTenant? actual)
    {
        if (actual is null)
            return [new BrokerDifference($"namespace {expected.Namespace}", "present", null)];
        (string What, string Expected, string Actual)[] members =
        [
            ("login", expected.Login, actual.Login),
            ("client id prefix", expected.ClientIdPrefix, actual.ClientIdPrefix),
            ("permissions", expected.Permissions.ToString(), actual.Permissions.ToString()),
            ("publish filters", string.Join(' ', expected.PublishFilters), string.Join(' ', actual.PublishFilters)),
            ("subscribe filters", string.Join(' ', expected.SubscribeFilters), string.Join(' ', actual.SubscribeFilters)),
            ("limits", expected.Limits.ToString(), actual.Limits.ToString()),
            ("suspended", expected.Suspended.ToString(), actual.Suspended.ToString()),
        ];
        return [.. members.Where(m => m.Expected != m.Actual).Select(m => new BrokerDifference($"{m.What} of {expected.Namespace}", m.Expected, m.Actual))];
    }
}
