using System.Globalization;
using System.Net.Sockets;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Storage;

/// <summary>What became of one row of a batch.</summary>
internal sealed record LedgerOutcome(LedgerStatus Status)
{
    public static readonly LedgerOutcome Stored = new(LedgerStatus.Stored);

    /// <summary>The certificate an earlier order with the same idempotency key got.</summary>
    public byte[]? StoredDer { get; init; }

    public byte[]? StoredKey { get; init; }

    /// <summary>The stored profile of the renewed certificate, when it is not the one given.</summary>
    public string? StoredProfile { get; init; }

    /// <summary>When a quota has room again.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Of the budget that is used up.</summary>
    public string? Scope { get; init; }

    public static LedgerOutcome Parse(string outcome, byte[]? der, byte[]? key) => outcome switch
    {
        "exists" => new(LedgerStatus.Exists) { StoredDer = der, StoredKey = key },
        "token_used" => new(LedgerStatus.TokenUsed),
        "revoked" => new(LedgerStatus.Revoked),
        "subject_revoked" => new(LedgerStatus.SubjectRevoked),
        "key_revoked" => new(LedgerStatus.KeyRevoked),
        "issuer_retired" => new(LedgerStatus.IssuerRetired),
        "lineage_revoked" => new(LedgerStatus.LineageRevoked),
        "unknown_certificate" => new(LedgerStatus.UnknownCertificate),
        _ when outcome.StartsWith("profile:", StringComparison.Ordinal) => new(LedgerStatus.OtherProfile) { StoredProfile = outcome["profile:".Length..] },
        _ when outcome.StartsWith("subject_quota:", StringComparison.Ordinal) => new(LedgerStatus.SubjectQuota) { RetryAfter = Seconds(outcome) },
        _ when outcome.StartsWith("tenant_quota:", StringComparison.Ordinal) => new(LedgerStatus.TenantQuota) { RetryAfter = Seconds(outcome) },
        _ when outcome.StartsWith("budget:", StringComparison.Ordinal) => OfBudget(outcome),
        _ => throw new InvalidOperationException("ca.record answered with an outcome this version does not know."),
    };

    /// <summary>A limit may be raised before its span is over: who was refused asks again within the hour.</summary>
    private static LedgerOutcome OfBudget(string outcome)
    {
        var parts = outcome.Split(':', 3);
        var seconds = long.Parse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture);
        return new LedgerOutcome(LedgerStatus.Budget) { Scope = parts[2], RetryAfter = TimeSpan.FromSeconds(Math.Min(seconds, 3600)) };
    }

    private static TimeSpan Seconds(string outcome) => TimeSpan.FromSeconds(long.Parse(outcome.AsSpan(outcome.IndexOf(':', StringComparison.Ordinal) + 1), NumberStyles.None, CultureInfo.InvariantCulture));
}

internal enum LedgerStatus
{
    Stored,
    Exists,
    TokenUsed,
    Revoked,
    SubjectRevoked,
    KeyRevoked,
    LineageRevoked,
    IssuerRetired,
    SubjectQuota,
    TenantQuota,
    Budget,
    UnknownCertificate,
    OtherProfile,
}

internal static class LedgerErrors
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    public static ProblemException Overloaded() => new(503, "overloaded", "Too many certificates are waiting to be stored.", RetryAfter);

    public static ProblemException ShuttingDown() => new(503, "shutting_down", "This server is shutting down.", RetryAfter);

    /// <summary>503; a full or read-only disk is named.</summary>
    public static ProblemException Unavailable(Exception cause) => DatabaseOutage.Of(cause) ?? new(503, "database_unavailable", "The certificate store is not available.", RetryAfter, cause);

    /// <summary>A database outage, or the ledger's own deadline, as opposed to a refused row.</summary>
    public static bool IsOutage(Exception e) => DatabaseOutage.Is(e) || e is SocketException or TimeoutException or OperationCanceledException or IOException;
}
