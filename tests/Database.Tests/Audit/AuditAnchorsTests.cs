using IoTPlatform.Contracts.Audit;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Testing;

namespace IoTPlatform.Database.Tests.Audit;

public sealed class AuditAnchorsTests : IAsyncLifetime
{
    private readonly FakeTime _time = new();
    private TestDatabase _database = null!;
    private AuditAnchors _anchors = null!;

    public async Task InitializeAsync()
    {
        _database = await PostgresServer.CreateDatabaseAsync();
        _anchors = new AuditAnchors(_database.DataSource, new AuditLog(_database.DataSource), _time);
    }

    public async Task DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Record_TwiceInAMoment_IsOneEntry()
    {
        await _anchors.RecordAsync("tenant:acme", Head(7), default);
        await _anchors.RecordAsync("tenant:acme", Head(8), default);

        (await EntriesAsync()).ShouldBe("audit.anchored");
        (await _anchors.IsDueAsync("tenant:acme", default)).ShouldBeFalse();
        (await _anchors.IsDueAsync("tenant:globex", default)).ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Record_ALogThatGotShorter_IsSaid()
    {
        await _anchors.RecordAsync("tenant:acme", Head(7), default);
        _time.Advance(TimeSpan.FromHours(13));

        await _anchors.RecordAsync("tenant:acme", Head(3), default);

        (await EntriesAsync()).ShouldBe("audit.anchored,audit.anchor_behind");
    }

    [SkippableTheory]
    [InlineData(-1, "00")]
    [InlineData(1, "zz")]
    [InlineData(1, "")]
    public async Task Record_NoHead_400(long sequence, string start)
    {
        var head = new AuditHead { Sequence = sequence, Hash = start.Length == 0 ? "" : start.PadRight(64, start[0]) };

        (await Should.ThrowAsync<ProblemException>(() => _anchors.RecordAsync("tenant:acme", head, default))).Code.ShouldBe("bad_audit_head");
    }

    private static AuditHead Head(long sequence) => new() { Sequence = sequence, Hash = new string('a', 64) };

    private Task<string?> EntriesAsync() => _database.ScalarAsync<string>("SELECT string_agg(action, ',' ORDER BY sequence) FROM audit.entries");
}
