using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Database;

/// <summary>
/// The audit log's view of callers who brought nothing that opens. The first refusal of a kind is an entry of its own, at once; those that
/// follow within <see cref="Interval"/> are counted and become one entry with their number and where most of them came from. So an
/// attack leaves an entry a minute, however many addresses it has. A kind is an action, a reason and, where it is one of ours, a subject.
/// </summary>
public sealed partial class AnonymousRefusals(AuditLog audit, TimeProvider time, ILogger<AnonymousRefusals> logger) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Subjects are tenants, accounts and devices that exist; a platform with more of them under attack at once keeps count without their names.</summary>
    private const int MostKinds = 1_000;
    private const int MostAddresses = 1_000;
    private const int AddressesListed = 10;
    private const string Anonymous = "anonymous";

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Action, string Reason, string Subject), Tally> _tallies = [];

    /// <param name="subject">Never what the caller made up: then it is <c>unknown</c>.</param>
    /// <param name="details">More about the first of its kind.</param>
    public async Task RecordAsync(string action, string reason, string subject, string address, CancellationToken cancellationToken, params (string Name, string? Value)[] details)
    {
        Tally tally;
        lock (_gate)
        {
            var key = (action, reason, subject);
            if (!_tallies.ContainsKey(key) && _tallies.Count >= MostKinds)
            {
                key = (action, reason, "others");
            }

            if (_tallies.TryGetValue(key, out tally!))
            {
                tally.Add(address);
                return;
            }

            _tallies[key] = tally = new Tally(time.GetUtcNow());
        }

        try
        {
            await audit.AppendAsync(new AuditEntry(Anonymous, action, subject, AuditDetails.Of([("reason", reason), ("address", address), .. details])), cancellationToken);
        }
        catch
        {
            // It is in no entry, so it goes into the count.
            lock (_gate)
            {
                tally.Add(address);
            }

            throw;
        }
    }

    /// <summary>Writes the counts of intervals that are over, or of all.</summary>
    public async Task WriteAsync(bool all, CancellationToken cancellationToken)
    {
        List<((string Action, string Reason, string Subject) Key, Tally Tally)> due;
        lock (_gate)
        {
            var now = time.GetUtcNow();
            due = [.. _tallies.Where(t => all || t.Value.Since + Interval <= now).Select(t => (t.Key, t.Value))];
            foreach (var (key, tally) in due)
            {
                // A continuing attack continues to be counted; one that ended is closed.
                if (tally.Count > 0 && !all)
                {
                    _tallies[key] = new Tally(now);
                }
                else
                {
                    _tallies.Remove(key);
                }
            }
        }

        foreach (var (key, tally) in due.Where(d => d.Tally.Count > 0))
        {
            try
            {
                await audit.AppendAsync(new AuditEntry(Anonymous, key.Action, key.Subject, tally.Details(key.Reason)), cancellationToken);
            }
            catch
            {
                lock (_gate)
                {
                    _tallies[key] = _tallies.TryGetValue(key, out var later) ? tally.And(later) : tally;
                }

                throw;
            }
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await TryWriteAsync(all: true, cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval / 4, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TryWriteAsync(all: false, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // StopAsync writes the rest.
        }
    }

    private async Task TryWriteAsync(bool all, CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync(all, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            NotWritten(logger, e.Message);
        }
    }

    [LoggerMessage(50, LogLevel.Warning, "Refusals could not be written to the audit log yet: {Reason}")]
    private static partial void NotWritten(ILogger logger, string reason);

    private sealed class Tally(DateTimeOffset since)
    {
        private readonly Dictionary<string, long> _addresses = new(StringComparer.Ordinal);

        public DateTimeOffset Since { get; } = since;

        public long Count { get; private set; }

        public void Add(string address) => Add(address, 1);

        public Tally And(Tally later)
        {
            foreach (var (address, count) in later._addresses)
            {
                Add(address, count);
            }

            return this;
        }

        public string Details(string reason) => AuditDetails.Of(
            ("reason", reason),
            ("count", Count),
            ("since", Since.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)),
            ("addresses", _addresses.Count),
            ("most_from", new JsonObject(_addresses.OrderByDescending(a => a.Value).ThenBy(a => a.Key, StringComparer.Ordinal).Take(AddressesListed).Select(a => KeyValuePair.Create(a.Key, (JsonNode?)a.Value)))));

        private void Add(string address, long count)
        {
            Count += count;
            var known = _addresses.ContainsKey(address) || _addresses.Count < MostAddresses ? address : "others";
            _addresses[known] = _addresses.GetValueOrDefault(known) + count;
        }
    }
}
