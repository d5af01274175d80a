using System.Diagnostics;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.Database;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>A nonce is used once (RFC 8555 6.5), by whichever process, whatever dies in between.</summary>
public sealed class AcmeNonceTests
{
    private readonly FakeTime _time = new(DateTimeOffset.UnixEpoch.AddYears(60));

    [SkippableFact]
    public async Task Used_AtOneProcess_IsUsedAtTheOther()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync(typeof(Authority).Assembly);
        using var one = new Server(database.DataSource, _time);
        using var other = new Server(database.DataSource, _time);
        var nonce = await one.Nonces.NewAsync(default);

        (await Task.WhenAll(Enumerable.Range(0, 16).Select(i => (i % 2 == 0 ? one : other).TakesAsync(nonce)))).Count(taken => taken).ShouldBe(1);

        (await other.TakesAsync(await one.Nonces.NewAsync(default))).ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Used_LongAgo_IsForgottenAndStaysRefused()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync(typeof(Authority).Assembly);
        using var server = new Server(database.DataSource, _time);
        var old = await server.Nonces.NewAsync(default);
        (await server.TakesAsync(old)).ShouldBeTrue();
        _time.Advance(TimeSpan.FromHours(3));
        var young = await server.Nonces.NewAsync(default);
        (await server.TakesAsync(young)).ShouldBeTrue();

        await server.Nonces.SweepAsync(default);

        (await database.ScalarAsync<long>("SELECT count(*) FROM acme.used_nonces")).ShouldBe(1);
        (await server.TakesAsync(old)).ShouldBeFalse();
        (await server.TakesAsync(young)).ShouldBeFalse();
    }

    /// <summary>Which uses a crash has lost is not known afterwards: so all that was given out before is lost with them.</summary>
    [SkippableFact]
    public async Task GivenOut_BeforeTheDatabaseCrashed_IsTakenNoMore()
    {
        Requires.Tool("initdb");
        using var folder = new TempFolder();
        await using var postgres = await StartAsync(folder);
        await postgres.EnsureDatabaseAsync("platform", default);
        await using var database = NpgsqlDataSource.Create(postgres.ConnectionString());
        await Migrations.ApplyAsync(database, typeof(Authority).Assembly);
        using var server = new Server(database, _time);
        using var idle = new Server(database, _time);
        using var late = new Server(database, _time);
        _ = await late.Nonces.NewAsync(default);
        var (used, unused) = (await server.Nonces.NewAsync(default), await idle.Nonces.NewAsync(default));
        (await server.TakesAsync(used)).ShouldBeTrue();
        var back = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        postgres.Restarted += back.SetResult;

        Process.GetProcessById(postgres.ServerProcessId).Kill();
        await back.Task.WaitAsync(TimeSpan.FromMinutes(1));
        database.Clear();

        (await server.TakesAsync(used)).ShouldBeFalse();
        (await server.TakesAsync(unused)).ShouldBeFalse();
        // A process whose key is from before finds out by the first one that it refuses.
        var stale = await idle.Nonces.NewAsync(default);
        (await idle.TakesAsync(stale)).ShouldBeFalse();
        var next = await idle.Nonces.NewAsync(default);
        (await server.TakesAsync(next)).ShouldBeTrue();
        (await idle.TakesAsync(next)).ShouldBeFalse();
        // Or by one that another process gave out since.
        (await late.TakesAsync(await server.Nonces.NewAsync(default))).ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Used_BeforeTheDatabaseWasStopped_StaysUsed()
    {
        Requires.Tool("initdb");
        using var folder = new TempFolder();
        string used, unused;
        await using (var postgres = await StartAsync(folder))
        {
            await postgres.EnsureDatabaseAsync("platform", default);
            await using var database = NpgsqlDataSource.Create(postgres.ConnectionString());
            await Migrations.ApplyAsync(database, typeof(Authority).Assembly);
            using var server = new Server(database, _time);
            (used, unused) = (await server.Nonces.NewAsync(default), await server.Nonces.NewAsync(default));
            (await server.TakesAsync(used)).ShouldBeTrue();
        }

        await using var again = await StartAsync(folder);
        await using var same = NpgsqlDataSource.Create(again.ConnectionString());
        using var next = new Server(same, _time);
        (await next.TakesAsync(used)).ShouldBeFalse();
        (await next.TakesAsync(unused)).ShouldBeTrue();
    }

    private static Task<PrivatePostgres> StartAsync(TempFolder folder) =>
        PrivatePostgres.StartAsync(folder.Combine("postgres"), new PrivatePostgresOptions { Durable = true }, NullLogger.Instance, TimeProvider.System, CancellationToken.None);

    /// <summary>What a process has of it.</summary>
    private sealed class Server : IDisposable
    {
        private readonly AcmeAdmission _admission;

        public Server(NpgsqlDataSource database, TimeProvider time)
        {
            Nonces = new AcmeNonces(database, time);
            _admission = new AcmeAdmission(database, new AcmeAccounts(database), Nonces);
        }

        public AcmeNonces Nonces { get; }

        public async Task<bool> TakesAsync(string nonce)
        {
            try
            {
                (await _admission.AdmitAsync(await Nonces.CheckAsync(nonce, default), "acme", expected: null, default)).ShouldBeNull();
                return true;
            }
            catch (AcmeException e) when (e.Problem.Type.EndsWith(":badNonce", StringComparison.Ordinal))
            {
                return false;
            }
        }

        public void Dispose()
        {
            _admission.Dispose();
            Nonces.Dispose();
        }
    }
}
