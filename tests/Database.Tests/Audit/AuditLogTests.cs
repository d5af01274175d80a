using IoTPlatform.Database;
using IoTPlatform.Testing;
using Npgsql;

namespace IoTPlatform.Database.Tests.Audit;

public sealed class AuditLogTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    private AuditLog Log => new(_database.DataSource);

    public async Task InitializeAsync() => _database = await PostgresServer.CreateDatabaseAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [SkippableFact]
    public async Task AppendAsync_Entries_ReadBackInOrder()
    {
        (await Log.AppendAsync(new AuditEntry("admin", "tenant.prepared", "acme", """{"name":"Ä,4:x"}"""), default)).ShouldBe(1);
        (await Log.AppendAsync(new AuditEntry("system", "key.used", ""), default)).ShouldBe(2);

        var entries = await Log.ReadAsync(0, 10, default);

        entries.Select(e => (e.Sequence, e.Actor, e.Action, e.Subject, e.Details)).ShouldBe([(1, "admin", "tenant.prepared", "acme", """{"name":"Ä,4:x"}"""), (2, "system", "key.used", "", "{}")]);
        entries.Select(e => e.Hash).Distinct().Count().ShouldBe(2);
        (await Log.ReadAsync(1, 10, default)).ShouldHaveSingleItem().Sequence.ShouldBe(2);
        (await Log.ReadAsync(0, 1, default)).ShouldHaveSingleItem().Sequence.ShouldBe(1);
    }

    [SkippableFact]
    public async Task VerifyAsync_UntouchedLog_IsIntact()
    {
        (await Log.VerifyAsync(default)).ShouldSatisfyAllConditions(v => v.Intact.ShouldBeTrue(), v => v.Entries.ShouldBe(0));

        await FillAsync(5);
        await Log.AppendAsync(new AuditEntry("ünï", "中文", "😀 \0 , 3:abc,", "{}"), default);

        var verified = await Log.VerifyAsync(default);
        verified.Intact.ShouldBeTrue();
        verified.Entries.ShouldBe(6);
        verified.Head.ShouldBe((await Log.ReadAsync(5, 1, default))[0].Hash);
    }

    [SkippableFact]
    public async Task VerifyAsync_LongLog_SaysHowFarItIs()
    {
        await _database.ExecuteAsync(
            "SELECT audit.append_many(array_fill('a'::text, ARRAY[1100]), array_fill('b'::text, ARRAY[1100]), array_fill('c'::text, ARRAY[1100]), array_fill('{}'::text, ARRAY[1100])) FROM generate_series(1, 10)");
        var told = new Told();

        (await Log.VerifyAsync(default, told)).Intact.ShouldBeTrue();

        told.Said.ShouldBe([new AuditProgress(5000, 11_000), new AuditProgress(10_000, 11_000)]);
    }

    /// <summary>At once, and on the same thread.</summary>
    private sealed class Told : IProgress<AuditProgress>
    {
        public List<AuditProgress> Said { get; } = [];

        public void Report(AuditProgress value) => Said.Add(value);
    }

    [SkippableTheory]
    [InlineData("actor")]
    [InlineData("action")]
    [InlineData("subject")]
    [InlineData("details")]
    public async Task VerifyAsync_RowChangedBySuperuser_FindsIt(string column)
    {
        await FillAsync(5);
        await AttackAsync($"UPDATE audit.entries SET {column} = {column} || 'x' WHERE sequence = 3");

        await ShouldBeBrokenAsync(at: 3, "changed");
    }

    [SkippableFact]
    public async Task VerifyAsync_BytesMovedBetweenFields_FindsIt()
    {
        await FillAsync(2);
        await AttackAsync("UPDATE audit.entries SET actor = actor || left(action, 1), action = substr(action, 2) WHERE sequence = 2");

        await ShouldBeBrokenAsync(at: 2, "changed");
    }

    [SkippableFact]
    public async Task VerifyAsync_TimeChangedByAMicrosecond_FindsIt()
    {
        await FillAsync(3);
        await AttackAsync("UPDATE audit.entries SET at = at + interval '1 microsecond' WHERE sequence = 2");

        await ShouldBeBrokenAsync(at: 2, "changed");
    }

    [SkippableFact]
    public async Task VerifyAsync_RowDeleted_FindsIt()
    {
        await FillAsync(5);
        await AttackAsync("DELETE FROM audit.entries WHERE sequence = 2");

        await ShouldBeBrokenAsync(at: 2, "missing");
    }

    [SkippableFact]
    public async Task VerifyAsync_FirstRowDeleted_FindsIt()
    {
        await FillAsync(3);
        await AttackAsync("DELETE FROM audit.entries WHERE sequence = 1");

        await ShouldBeBrokenAsync(at: 1, "missing");
    }

    [SkippableFact]
    public async Task VerifyAsync_RowDeletedAndRenumbered_FindsIt()
    {
        await FillAsync(5);
        await AttackAsync("DELETE FROM audit.entries WHERE sequence = 2; UPDATE audit.entries SET sequence = sequence - 1 WHERE sequence > 2; UPDATE audit.head SET sequence = 4");

        await ShouldBeBrokenAsync(at: 2, "changed");
    }

    [SkippableFact]
    public async Task VerifyAsync_TailCutOff_FindsIt()
    {
        await FillAsync(5);
        await AttackAsync("DELETE FROM audit.entries WHERE sequence > 3");

        await ShouldBeBrokenAsync(at: 4, "last entries are missing");
    }

    [SkippableFact]
    public async Task VerifyAsync_TwoRowsSwapped_FindsIt()
    {
        await FillAsync(4);
        await AttackAsync("UPDATE audit.entries SET sequence = 99 WHERE sequence = 2; UPDATE audit.entries SET sequence = 2 WHERE sequence = 3; UPDATE audit.entries SET sequence = 3 WHERE sequence = 99");

        await ShouldBeBrokenAsync(at: 2, "moved");
    }

    [SkippableFact]
    public async Task VerifyAsync_RowAddedPastTheFunction_FindsIt()
    {
        await FillAsync(2);
        await _database.ExecuteAsync("INSERT INTO audit.entries SELECT 3, now(), 'x', 'x', 'x', '{}', hash FROM audit.head");

        await ShouldBeBrokenAsync(at: 3, "changed, inserted");
    }

    [SkippableFact]
    public async Task VerifyAsync_EverythingDeleted_FindsIt()
    {
        await FillAsync(2);
        await AttackAsync("TRUNCATE audit.entries");

        await ShouldBeBrokenAsync(at: 1, "missing");
    }

    [SkippableFact]
    public async Task VerifyAsync_HeadReplaced_FindsIt()
    {
        await FillAsync(2);
        await AttackAsync("UPDATE audit.head SET hash = sha256('x')");

        await ShouldBeBrokenAsync(at: 2, "recorded end");
    }

    [SkippableTheory]
    [InlineData("UPDATE audit.entries SET actor = 'x'")]
    [InlineData("DELETE FROM audit.entries")]
    [InlineData("TRUNCATE audit.entries")]
    [InlineData("DELETE FROM audit.head")]
    [InlineData("TRUNCATE audit.head")]
    [InlineData("UPDATE audit.head SET sequence = sequence - 1")]
    [InlineData("UPDATE audit.head SET hash = sha256('x')")]
    public async Task Table_ChangedByThePlatformsRole_Refused(string sql)
    {
        await FillAsync(2);

        (await Should.ThrowAsync<PostgresException>(() => _database.ExecuteAsync(sql))).MessageText.ShouldContain("append-only");
        (await Log.VerifyAsync(default)).Intact.ShouldBeTrue();
    }

    [SkippableFact]
    public async Task AppendAsync_ManyAtOnce_OneUnbrokenChain()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async writer =>
        {
            for (var i = 0; i < 25; i++)
            {
                await Log.AppendAsync(new AuditEntry($"writer{writer}", "test.append", $"{i}"), default);
            }
        }));

        var verified = await Log.VerifyAsync(default);
        verified.Intact.ShouldBeTrue();
        verified.Entries.ShouldBe(200);
    }

    [SkippableFact]
    public async Task AppendAsync_RolledBack_LeavesNoGap()
    {
        await FillAsync(1);
        await using (var connection = await _database.DataSource.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            (await AuditLog.AppendAsync(connection, new AuditEntry("a", "rolled.back", "s"), default)).ShouldBe(2);
            await transaction.RollbackAsync();
        }

        (await Log.AppendAsync(new AuditEntry("a", "kept", "s"), default)).ShouldBe(2);
        (await Log.VerifyAsync(default)).ShouldSatisfyAllConditions(v => v.Intact.ShouldBeTrue(), v => v.Entries.ShouldBe(2));
    }

    [SkippableFact]
    public async Task AppendMany_Batch_ChainsLikeSingleEntries()
    {
        await FillAsync(1);
        var names = Enumerable.Range(0, 32).Select(i => $"n{i}").ToArray();

        (await _database.ScalarAsync<long>("SELECT audit.append_many($1, $1, $1, $1)", [names])).ShouldBe(33);

        (await Log.VerifyAsync(default)).ShouldSatisfyAllConditions(v => v.Intact.ShouldBeTrue(), v => v.Entries.ShouldBe(33));
        (await Log.ReadAsync(1, 32, default)).Select(e => e.Actor).ShouldBe(names);
    }

    [SkippableFact]
    public async Task AppendMany_NoEntries_ChangesNothing()
    {
        await FillAsync(1);

        (await _database.ScalarAsync<long>("SELECT audit.append_many('{}', '{}', '{}', '{}')")).ShouldBe(1);
        (await Log.VerifyAsync(default)).Entries.ShouldBe(1);
    }

    [SkippableTheory]
    [InlineData("'{a,b}', '{a}', '{a,b}', '{a,b}'")]
    [InlineData("'{a,NULL}', '{a,b}', '{a,b}', '{a,b}'")]
    [InlineData("'{a,b}', '{a,b}', NULL, '{a,b}'")]
    public async Task AppendMany_UnevenOrNull_RefusedWhole(string arguments)
    {
        await Should.ThrowAsync<PostgresException>(() => _database.ExecuteAsync($"SELECT audit.append_many({arguments})"));

        (await Log.VerifyAsync(default)).ShouldSatisfyAllConditions(v => v.Intact.ShouldBeTrue(), v => v.Entries.ShouldBe(0));
    }

    private async Task FillAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await Log.AppendAsync(new AuditEntry("actor", "test.entry", $"subject {i}"), default);
        }
    }

    private Task AttackAsync(string sql) => _database.ExecuteAsSuperuserAsync("SET session_replication_role = replica; " + sql);

    private async Task ShouldBeBrokenAsync(long at, string reason)
    {
        var verified = await Log.VerifyAsync(default);
        verified.Intact.ShouldBeFalse();
        verified.BrokenAt.ShouldBe(at);
        verified.Reason!.ShouldContain(reason);
    }
}
