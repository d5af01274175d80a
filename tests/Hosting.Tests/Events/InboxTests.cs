using IoTPlatform.Hosting.Events;
using IoTPlatform.Testing;
using Npgsql;

namespace IoTPlatform.Hosting.Tests.Events;

public sealed class InboxTests : IAsyncLifetime
{
    private readonly FakeTime _time = new();
    private TestDatabase _database = null!;
    private Inbox _inbox = null!;

    public async Task InitializeAsync()
    {
        _database = await PostgresServer.CreateDatabaseAsync();
        await _database.ExecuteAsync("CREATE TABLE effects (event_id uuid)");
        _inbox = new Inbox(_database.DataSource, _time);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [SkippableFact]
    public async Task Once_SameEventTwice_HasOneEffectForEachConsumer()
    {
        var id = Guid.NewGuid();

        (await _inbox.OnceAsync("one", id, Effect(id), default)).ShouldBeTrue();
        (await _inbox.OnceAsync("one", id, Effect(id), default)).ShouldBeFalse();
        (await _inbox.OnceAsync("two", id, Effect(id), default)).ShouldBeTrue();

        (await EffectsAsync()).ShouldBe(2);
    }

    [SkippableFact]
    public async Task Once_ManyDeliveriesAtOnce_HasOneEffect()
    {
        var id = Guid.NewGuid();

        var done = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _inbox.OnceAsync("one", id, Effect(id), default)));

        done.Count(first => first).ShouldBe(1);
        (await EffectsAsync()).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Once_EffectFails_LeavesNothingAndMayComeAgain()
    {
        var id = Guid.NewGuid();

        await Should.ThrowAsync<IOException>(() => _inbox.OnceAsync("one", id, async connection =>
        {
            await Effect(id)(connection);
            throw new IOException("after the effect");
        }, default));

        (await EffectsAsync()).ShouldBe(0);
        (await _inbox.OnceAsync("one", id, Effect(id), default)).ShouldBeTrue();
        (await EffectsAsync()).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Forget_OldRows_GoInBatchesAndNewOnesStay()
    {
        for (var i = 0; i < 3; i++)
            await _inbox.OnceAsync("one", Guid.NewGuid(), _ => Task.CompletedTask, default);
        _time.Advance(TimeSpan.FromDays(1));
        await _inbox.OnceAsync("one", Guid.NewGuid(), _ => Task.CompletedTask, default);

        (await _inbox.ForgetAsync(_time.GetUtcNow(), 2, default)).ShouldBe(2);
        (await _inbox.ForgetAsync(_time.GetUtcNow(), 2, default)).ShouldBe(1);

        (await _database.ScalarAsync<long>("SELECT count(*) FROM events.inbox")).ShouldBe(1);
    }

    private static Func<NpgsqlConnection, Task> Effect(Guid id) => async connection =>
    {
        await using var command = new NpgsqlCommand("INSERT INTO effects VALUES ($1)", connection) { Parameters = { new() { Value = id } } };
        await command.ExecuteNonQueryAsync();
    };

    private Task<long> EffectsAsync() => _database.ScalarAsync<long>("SELECT count(*) FROM effects");
}
