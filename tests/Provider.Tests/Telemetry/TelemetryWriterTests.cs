using System.Diagnostics;
using System.Text;
using System.Threading.Channels;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Provider.Features.Telemetry;
using IoTPlatform.Telemetry;
using IoTPlatform.Telemetry.Ingest;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Provider.Tests.Telemetry;

/// <summary>Batches in which the database refuses rows, on a real database: what a constraint refuses stands for what no parser knew of.</summary>
public sealed class TelemetryWriterTests : IAsyncLifetime
{
    private const int Batch = IngestLimits.BatchMessages;
    private readonly LogCapture _log = new();
    private Channel<TelemetryDelivery> _queue = Channel.CreateUnbounded<TelemetryDelivery>();
    private readonly Dictionary<string, Source> _sources = new(StringComparer.Ordinal);
    private TestDatabase _database = null!;
    private IReadOnlyDictionary<string, long> _counted = null!;
    private int _number;

    public async Task InitializeAsync()
    {
        _database = await PostgresServer.CreateDatabaseAsync(typeof(Authority).Assembly, typeof(Program).Assembly);
        await _database.ExecuteAsync("INSERT INTO provider.tenants (tenant_id, display_name, status, created_at) SELECT id, id, 'active', now() FROM unnest(ARRAY['acme', 'calm', 'globex']) AS id");
        await _database.ExecuteAsync("ALTER TABLE provider.telemetry ADD CHECK (payload->>'poison' IS NULL)");
        // A sequence counts statements that are rolled back, too.
        await _database.ExecuteAsync(
            """
            CREATE SEQUENCE public.statements;
            CREATE FUNCTION public.count_statement() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.statements'); RETURN NULL; END $$;
            CREATE TRIGGER count_statements BEFORE INSERT ON provider.telemetry FOR EACH STATEMENT EXECUTE FUNCTION public.count_statement();
            """);
    }

    public async Task DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        _log.Dispose();
    }

    [SkippableFact]
    public async Task Batch_WithAFewRefusedRows_IsStoredWithoutThemInFewStatements()
    {
        var good = Add("acme", Batch / 2 - 2).Concat(Add("calm", Batch / 2 - 1)).ToList();
        var bad = Add("acme", 3, poison: true);

        var taken = await RunAsync();

        good.ShouldAllBe(delivery => Acknowledged(delivery));
        bad.ShouldAllBe(delivery => _sources["acme"].Refused.Contains(delivery.Tag));
        _sources["calm"].Refused.ShouldBeEmpty();
        (await CountAsync()).ShouldBe(good.Count);
        _counted.ShouldBe(new Dictionary<string, long> { ["acme"] = Batch / 2 - 2, ["calm"] = Batch / 2 - 1 }, ignoreOrder: true);
        // One by one it is a commit each, more than a thousand of them.
        (await _database.ScalarAsync<long>("SELECT last_value FROM public.statements")).ShouldBeLessThan(IngestLimits.IsolationStatements);
        taken.ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }

    [SkippableFact]
    public async Task Batch_OfATenantWhoseRowsAreAllRefused_HoldsNoOtherUpAndIsWorkedOffInPieces()
    {
        Add("acme", Batch / 2, poison: true);
        var calm = Add("calm", Batch / 2);

        await RunAsync();

        calm.ShouldAllBe(delivery => Acknowledged(delivery));
        (await CountAsync()).ShouldBe(calm.Count);
        _sources["acme"].Ended.IsCompleted.ShouldBeTrue("what is left waits at the broker");
        _sources["acme"].Refused.Count.ShouldBeInRange(1, IngestLimits.IsolationStatements);
        _sources["calm"].Ended.IsCompleted.ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Refusals_AreLoggedWithoutATrace()
    {
        Add("acme", 2, poison: true);

        await RunAsync();

        _log.Text.Split('\n').Count(line => line.Contains("refuses a telemetry message of tenant acme", StringComparison.Ordinal)).ShouldBe(2);
        _log.Text.ShouldNotContain("   at ");
        _log.Text.ShouldNotContain("poison");
    }

    /// <summary>Given out again, a message without a timestamp is one that was stored only where that one can have missed its acknowledgement.</summary>
    [SkippableTheory]
    [InlineData(-1, 1)]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    public async Task Redelivered_LikeOneThatWasStored_IsItUnlessThatOneIsAcknowledged(int acknowledgedToSeconds, int rows)
    {
        var stored = TelemetryParser.ToMicroseconds(TimeProvider.System.GetUtcNow().AddMinutes(-1));
        Add(Alike(stored), redelivered: false, new Source());
        await RunAsync();
        _queue = Channel.CreateUnbounded<TelemetryDelivery>();
        var next = new Source { AcknowledgedTo = stored.AddSeconds(acknowledgedToSeconds) };

        Add(Alike(stored.AddSeconds(30)), redelivered: true, next);
        await RunAsync();

        (await CountAsync()).ShouldBe(rows);
        next.Acknowledged.ShouldBe([1UL]);
    }

    /// <summary>Another process may have stored it meanwhile, from another session.</summary>
    [SkippableFact]
    public async Task Session_EndedWhileTheDatabaseIsAway_HasNothingStoredAnyMore()
    {
        var source = new Source();
        Add(Alike(TelemetryParser.ToMicroseconds(TimeProvider.System.GetUtcNow())), redelivered: false, source);
        await _database.AllowConnectionsAsync(false);
        await _database.EndConnectionsAsync();
        var running = RunAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!_log.Text.Contains("can't be stored", StringComparison.Ordinal))
        {
            await Task.Delay(20, patience.Token);
        }

        source.End("its connection was lost");
        await _database.AllowConnectionsAsync(true);
        await running;

        (await CountAsync()).ShouldBe(0);
        source.Acknowledged.ShouldBeEmpty();
    }

    private void Add(TelemetryMessage message, bool redelivered, Source source) => _queue.Writer.TryWrite(new TelemetryDelivery(source, 1, redelivered, message)).ShouldBeTrue();

    private static TelemetryMessage Alike(DateTimeOffset receivedAt)
    {
        TelemetryParser.TryParse("acme", "telemetry.pump", """{"on":true}"""u8, receivedAt, new TelemetryOptions(), out var message, out var refusal).ShouldBeTrue(refusal);
        return message!;
    }

    private List<TelemetryDelivery> Add(string tenant, int count, bool poison = false)
    {
        if (!_sources.TryGetValue(tenant, out var source))
        {
            _sources[tenant] = source = new Source();
        }

        var added = new List<TelemetryDelivery>();
        for (var i = 0; i < count; i++)
        {
            var payload = poison ? $$"""{"poison":{{++_number}}}""" : $$"""{"n":{{++_number}}}""";
            TelemetryParser.TryParse(tenant, "telemetry.pump", Encoding.UTF8.GetBytes(payload), TelemetryParser.ToMicroseconds(TimeProvider.System.GetUtcNow()), new TelemetryOptions(), out var message, out var refusal)
                .ShouldBeTrue(refusal);
            added.Add(new TelemetryDelivery(source, (ulong)_number, redelivered: false, message!));
            _queue.Writer.TryWrite(added[^1]).ShouldBeTrue();
        }

        return added;
    }

    private async Task<TimeSpan> RunAsync()
    {
        _queue.Writer.Complete();
        using var metrics = new IngestMetrics();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(_log));
        var store = new TelemetryStore(_database.DataSource, ProviderTelemetry.Table, new TelemetryPartitions(_database.DataSource, ProviderTelemetry.Table), TimeProvider.System);
        var started = Stopwatch.GetTimestamp();
        await new TelemetryWriter(_queue.Reader, store, metrics, TimeProvider.System, loggers.CreateLogger("telemetry")).RunAsync(default);
        _counted = metrics.TakeAcknowledged();
        return Stopwatch.GetElapsedTime(started);
    }

    private bool Acknowledged(TelemetryDelivery delivery) => ((Source)delivery.Session).Acknowledged.Contains(delivery.Tag);

    private Task<long> CountAsync() => _database.ScalarAsync<long>("SELECT count(*) FROM provider.telemetry");

    /// <summary>Records the reported outcomes.</summary>
    private sealed class Source : ITelemetrySource
    {
        private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public HashSet<ulong> Acknowledged { get; } = [];

        public HashSet<ulong> Refused { get; } = [];

        public Task<string> Ended => _ended.Task;

        public Dictionary<string, List<byte[]>> StoredBefore { get; } = new(StringComparer.Ordinal);

        public DateTimeOffset AcknowledgedTo { get; init; } = DateTimeOffset.UnixEpoch;

        public Task<DateTimeOffset> AcknowledgedToAsync(CancellationToken cancellationToken) => Task.FromResult(AcknowledgedTo);

        public void Acknowledge(ulong tag) => Acknowledged.Add(tag);

        public Task RefuseAsync(ulong tag, string routingKey, ReadOnlyMemory<byte> body, string reason)
        {
            reason.ShouldBe(TelemetryRefusal.NotStorable);
            routingKey.ShouldBe("telemetry.pump");
            Refused.Add(tag);
            return Task.CompletedTask;
        }

        public void End(string reason) => _ended.TrySetResult(reason);
    }
}
