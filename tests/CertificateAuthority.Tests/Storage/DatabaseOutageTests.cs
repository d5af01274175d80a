using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>A real server that is stopped and started under the ledger.</summary>
public sealed class DatabaseOutageTests
{
    [SkippableFact]
    public async Task Store_ServerStoppedAndBack_Is503ThenWorksAndNothingIsLostOrDoubled()
    {
        Requires.Tool("initdb");
        using var folder = new TempFolder();
        var server = await StartAsync(folder);
        await server.EnsureDatabaseAsync("platform", CancellationToken.None);
        await using var database = NpgsqlDataSource.Create(server.ConnectionString());
        await Migrations.ApplyAsync(database, typeof(Authority).Assembly);
        await using var ledger = new IssuanceLedger(database, new LedgerOptions(), TimeProvider.System, NullLogger<IssuanceLedger>.Instance);
        var before = LedgerRows.New("before");
        (await ledger.StoreAsync(before)).Status.ShouldBe(LedgerStatus.Stored);

        await server.DisposeAsync();
        var refused = await Task.WhenAll(Enumerable.Range(0, 40).Select(async _ => await Should.ThrowAsync<ProblemException>(ledger.StoreAsync(LedgerRows.New("during")))));
        refused.ShouldAllBe(e => e.Status == 503 && e.RetryAfter != null);

        server = await StartAsync(folder);
        try
        {
            var after = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => ledger.StoreAsync(LedgerRows.New($"after{i}"))));
            after.ShouldAllBe(o => o.Status == LedgerStatus.Stored);
            await using var count = database.CreateCommand("SELECT count(*) FILTER (WHERE subject LIKE 'after%'), count(*) FILTER (WHERE subject = 'during'), count(*) FILTER (WHERE subject = 'before') FROM ca.certificates");
            await using (var row = await count.ExecuteReaderAsync())
            {
                await row.ReadAsync();
                (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)).ShouldBe((40, 0, 1));
            }

            (await new AuditLog(database).VerifyAsync(CancellationToken.None)).Intact.ShouldBeTrue();
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Store_ServerKilledUnderLoad_EveryAcknowledgedCertificateIsThere()
    {
        Requires.Tool("initdb");
        using var folder = new TempFolder();
        await using var server = await StartAsync(folder);
        await server.EnsureDatabaseAsync("platform", CancellationToken.None);
        await using var database = NpgsqlDataSource.Create(server.ConnectionString());
        await Migrations.ApplyAsync(database, typeof(Authority).Assembly);
        var back = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Restarted += back.SetResult;
        await using var ledger = new IssuanceLedger(database, new LedgerOptions(), TimeProvider.System, NullLogger<IssuanceLedger>.Instance);
        var acknowledged = new ConcurrentBag<byte[]>();
        var stored = 0;
        var refused = 0;

        // Callers go on through the outage until the server is back and has stored again.
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            var afterwards = 0;
            while (afterwards < 5)
            {
                var entry = LedgerRows.New("load", token: new UsedToken(RandomNumberGenerator.GetBytes(32), DateTimeOffset.UnixEpoch));
                try
                {
                    (await ledger.StoreAsync(entry)).Status.ShouldBe(LedgerStatus.Stored);
                    acknowledged.Add(entry.Serial);
                    afterwards += back.Task.IsCompleted ? 1 : 0;
                    if (Interlocked.Increment(ref stored) == 200)
                    {
                        Process.GetProcessById(server.ServerProcessId).Kill();
                    }
                }
                catch (ProblemException e) when (e.Status == 503)
                {
                    Interlocked.Increment(ref refused);
                    await Task.WhenAny(back.Task, Task.Delay(TimeSpan.FromMilliseconds(20)));
                }
            }
        }));

        refused.ShouldBeGreaterThan(0);
        await using var missing = database.CreateCommand("SELECT count(*) FROM unnest($1) s (serial) WHERE NOT EXISTS (SELECT FROM ca.certificates c WHERE c.serial = s.serial)");
        missing.Parameters.AddWithValue(acknowledged.ToArray());
        ((long)(await missing.ExecuteScalarAsync())!).ShouldBe(0);
        var audit = await new AuditLog(database).VerifyAsync(CancellationToken.None);
        audit.Intact.ShouldBeTrue(audit.Reason);
        await using var count = database.CreateCommand("SELECT (SELECT count(*) FROM ca.certificates), (SELECT count(*) FROM ca.used_tokens)");
        await using var row = await count.ExecuteReaderAsync();
        await row.ReadAsync();
        audit.Entries.ShouldBe(row.GetInt64(0));
        row.GetInt64(1).ShouldBe(row.GetInt64(0));
    }

    private static Task<PrivatePostgres> StartAsync(TempFolder folder) =>
        PrivatePostgres.StartAsync(folder.Combine("postgres"), new PrivatePostgresOptions { Durable = true }, NullLogger.Instance, TimeProvider.System, CancellationToken.None);
}
