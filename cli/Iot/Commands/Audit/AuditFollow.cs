using System.Globalization;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Audit;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary><c>iot audit list --follow</c>: the newest entries, then each new one; continues after outages and the end of its session.</summary>
internal static class AuditFollow
{
    private const int PageSize = 200;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(Run run, AuditFilter filter, int first, CancellationToken cancellationToken)
    {
        var shown = new Position();
        while (true)
        {
            try
            {
                return await Connect.ToEitherAsync(run, server => FollowAsync(run, server, filter, first, shown, cancellationToken), cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return ExitCode.Ok;
            }
            catch (ApiException e) when (shown.Last is not null && (e.IsTransient || e.Status == 401))
            {
                run.Terminal.Remarks.WriteLine($"{e.Message}; going on");
            }
            catch (UnreachableException e) when (shown.Last is not null && e.IsTransient)
            {
                run.Terminal.Remarks.WriteLine($"{e.Message}; going on");
            }
            await Task.Delay(PollInterval, run.Time, cancellationToken);
        }
    }

    private static async Task<int> FollowAsync(Run run, PlatformClient server, AuditFilter filter, int first, Position shown, CancellationToken cancellationToken)
    {
        if (shown.Last is null)
        {
            var newest = await server.ListAuditAsync(filter with { NewestFirst = true }, cursor: null, first, cancellationToken);
            Show(run, newest.Items.Reverse(), shown);
            shown.Last ??= 0;
        }
        while (true)
        {
            var cursor = shown.Last.Value.ToString(CultureInfo.InvariantCulture);
            var page = await server.ListAuditAsync(filter, cursor, PageSize, cancellationToken);
            Show(run, page.Items, shown);
            if (page.NextCursor is null)
            {
                await Task.Delay(Interval, run.Time, cancellationToken);
            }
        }
    }

    private static void Show(Run run, IEnumerable<AuditEntryView> entries, Position shown)
    {
        foreach (var entry in entries)
        {
            run.Terminal.JsonLine(AuditLine.Of(entry), console => console.WriteLine(Print.Line(AuditLine.Number(entry), Print.Time(entry.At), entry.Actor, entry.Action, entry.Subject, entry.Details)));
            shown.Last = entry.Sequence;
        }
    }

    /// <summary>Where it stands, over all sessions.</summary>
    private sealed class Position
    {
        public long? Last { get; set; }
    }
}
