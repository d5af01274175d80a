using System.Globalization;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Processes;
using IoTPlatform.Testing;
using Npgsql;

namespace IoTPlatform.Database.Tests.Postgres;

public sealed class PrivatePostgresProcessTests : IDisposable
{
    private static readonly TestProgram Child = new(typeof(PrivatePostgresProcessTests).Assembly);
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [SkippableFact]
    public async Task HostKilled_Minus9_EndsServerAndKeepsWhatWasCommitted()
    {
        Requires.Tool("initdb");
        await using (var host = Child.Start(_temp.Combine("pg")))
        {
            var (server, connectionString) = await ReadyAsync(host);
            await ExecuteAsync(connectionString, "CREATE TABLE kept AS SELECT 7 AS x");

            await host.KillAsync();

            await EndOfAsync(server);
        }

        await using var next = Child.Start(_temp.Combine("pg"));
        var (_, again) = await ReadyAsync(next);
        (await ExecuteAsync(again, "SELECT x FROM kept")).ShouldBe(7);
        next.Terminate();
        (await next.WaitForExitAsync()).ShouldBe(ExitCodes.Success);
    }

    [SkippableFact]
    public async Task HostAndServerKilled_Minus9_NextStartRecovers()
    {
        Requires.Tool("initdb");
        await using (var host = Child.Start(_temp.Combine("pg")))
        {
            var (server, connectionString) = await ReadyAsync(host);
            await ExecuteAsync(connectionString, "CREATE TABLE kept AS SELECT 7 AS x");
            Posix.Signal(server, Posix.Kill).ShouldBeTrue();
            await host.KillAsync();
        }

        await using var next = Child.Start(_temp.Combine("pg"));
        var (_, again) = await ReadyAsync(next);
        (await ExecuteAsync(again, "SELECT x FROM kept")).ShouldBe(7);
    }

    [SkippableFact]
    public async Task SecondHost_SameFolder_RefusedAndFirstUnharmed()
    {
        Requires.Tool("initdb");
        await using var first = Child.Start(_temp.Combine("pg"));
        var (server, connectionString) = await ReadyAsync(first);

        await using var second = Child.Start(_temp.Combine("pg"));

        (await second.WaitForExitAsync()).ShouldBe(ExitCodes.Refused);
        (await second.WaitForLineAsync("error:")).ShouldContain("in use by another process");
        Posix.IsAlive(server).ShouldBeTrue();
        (await ExecuteAsync(connectionString, "SELECT 7")).ShouldBe(7);
    }

    [SkippableFact]
    public async Task Terminal_CtrlC_ReachesTheHostOnly()
    {
        // The server is in a session of its own, so that the host can still write while it shuts down.
        Requires.Tool("initdb");
        await using var host = Child.Start(_temp.Combine("pg"));
        var (server, _) = await ReadyAsync(host);

        SessionOf(server).ShouldBe(server);
        SessionOf(host.Id).ShouldNotBe(server);
    }

    [SkippableFact]
    public async Task Host_OrdinaryUser_RunsTheServerAsItself()
    {
        Requires.Tool("initdb");
        Directory.CreateDirectory(_temp.Combine("own"));
        Posix.ChangeOwner(_temp.Combine("own"), TestProgram.NobodyId, TestProgram.NobodyId);
        await using var host = await Child.StartAsNobodyAsync(_temp, _temp.Combine("own", "pg"));

        var (server, connectionString) = await ReadyAsync(host);

        UnixOwner.Of($"/proc/{server}").ShouldBe(TestProgram.NobodyId);
        (await ExecuteAsync(connectionString, "SELECT 7")).ShouldBe(7);
        host.Terminate();
        (await host.WaitForExitAsync()).ShouldBe(ExitCodes.Success);
    }

    private static async Task<(int Server, string ConnectionString)> ReadyAsync(ProcessUnderTest host)
    {
        var ready = await host.WaitForLineAsync("ready ");
        return (int.Parse((await host.WaitForLineAsync("server "))[7..], CultureInfo.InvariantCulture), ready[6..]);
    }

    private static async Task<object?> ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>The kernel reports a process's end to its parent only, so this polls; the limit only bounds a failure.</summary>
    private static async Task EndOfAsync(int processId)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (File.Exists($"/proc/{processId}/exe") && !StateOf(processId).StartsWith('Z'))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
        }
    }

    private static string StateOf(int processId) => StatFields(processId)[0];

    private static int SessionOf(int processId) => int.Parse(StatFields(processId)[3], CultureInfo.InvariantCulture);

    private static string[] StatFields(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or IOException)
        {
            return ["Z"];
        }
    }
}
