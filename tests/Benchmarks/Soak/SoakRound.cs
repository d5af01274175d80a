namespace IoTPlatform.Benchmarks.Soak;

/// <summary>One kind of fault against real processes, with the count of what must not happen. Played again and again with other random moments.</summary>
internal sealed record SoakRound(string Name, string Failure, Func<SoakCount, CancellationToken, Task> PlayAsync)
{
    /// <summary>In the order played: the short ones first.</summary>
    public static IReadOnlyList<SoakRound> All { get; } =
    [
        new("oversized bodies", "413 lost to a reset", OversizedBodies.PlayAsync),
        new("guessed JOIN keys", "valid key refused after wrong ones", GuessedJoinKeys.PlayAsync),
        new("outage log", "more than a few lines of log a refusal", OutageLog.PlayAsync),
        new("frozen database", "no 503 within the deadline", FrozenDatabase.PlayAsync),
        new("idle connections", "provider ended, or a known caller not served", IdleConnections.PlayAsync),
        new("bridge renewals", "certificate beyond the quota", BridgeRenewals.PlayAsync),
        new("raced removal", "bridge certificate that survived its tenant", RacedRemoval.PlayAsync),
        new("killed initdb", "start that failed after a kill", KilledInitdb.PlayAsync),
        new("first boots", "first boot that ended instead of waiting", FirstBoots.PlayAsync),
        new("mixed operations", "acknowledged and lost, done twice, or a plain 500", MixedOperations.PlayAsync),
    ];
}
