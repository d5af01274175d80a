using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Audit;

namespace IoTPlatform.Iot;

internal static class AuditEntries
{
    /// <summary>Whether any entry of the log carries this hash.</summary>
    public static async Task<bool> ContainsAsync(PlatformClient server, string hash, CancellationToken cancellationToken)
    {
        var entries = await Pages.CollectAsync(cursor => server.ListAuditAsync(cursor, cancellationToken: cancellationToken));
        return entries.Any(entry => entry.Hash.Equals(hash, StringComparison.OrdinalIgnoreCase));
    }
}

/// <summary>Which entries <c>iot audit list</c> shows.</summary>
internal static class AuditFilterOptions
{
    private static readonly string[] Sessions = ["login.succeeded", "logout", "session.ended"];
    private static readonly Option<string?> Action = new("--action") { Description = "Only this action; with a star at its end all that begin so: 'certificate.*'." };
    private static readonly Option<string?> Actor = new("--actor") { Description = "Only what this one did: admin, tenant:acme, system, …" };
    private static readonly Option<string?> Subject = new("--subject") { Description = "Only about this: a tenant id, a device id, a name." };
    private static readonly Option<PointInTime?> Since = new("--since") { Description = "Not older: a time, or how long ago (24h, 7d).", CustomParser = PointInTime.Parse, HelpName = "time" };
    private static readonly Option<PointInTime?> Until = new("--until") { Description = "Older than this: a time, or how long ago.", CustomParser = PointInTime.Parse, HelpName = "time" };
    private static readonly Option<bool> Logins = new("--logins") { Description = "Also successful logins and logouts, which every command of iot makes; --action asks for them, too." };

    public static Symbol[] All => [Action, Actor, Subject, Since, Until, Logins];

    public static AuditFilter Of(Run run)
    {
        var now = run.Time.GetUtcNow();
        return new AuditFilter
        {
            Action = run.Get(Action),
            Actor = run.Get(Actor),
            Subject = run.Get(Subject),
            Since = run.Get(Since)?.Resolve(now),
            Until = run.Get(Until)?.Resolve(now),
            Except = LeavesOutLogins(run) ? Sessions : [],
        };
    }

    public static bool LeavesOutLogins(Run run) => !run.Get(Logins) && run.Get(Action) is null;
}

/// <summary>An audit entry in the CLI's JSON: its details are JSON, not text that holds JSON.</summary>
internal sealed record AuditLine(long Sequence, DateTimeOffset At, string Actor, string Action, string Subject, JsonElement Details, string Hash)
{
    public static AuditLine Of(AuditEntryView entry) =>
        new(entry.Sequence, entry.At, entry.Actor, entry.Action, entry.Subject, DetailsOf(entry.Details), entry.Hash);

    public static string Number(AuditEntryView entry) => entry.Sequence.ToString(CultureInfo.InvariantCulture);

    // The database keeps the text as it was hashed; text that is no JSON stays text.
    private static JsonElement DetailsOf(string details)
    {
        try
        {
            return JsonDocument.Parse(details).RootElement;
        }
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(details);
        }
    }
}
