using System.CommandLine;
using IoTPlatform.Client;

namespace IoTPlatform.Iot;

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
