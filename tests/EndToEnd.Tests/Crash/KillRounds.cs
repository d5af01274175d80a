using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;
using Npgsql;
using Xunit.Abstractions;

namespace IoTPlatform.EndToEnd.Tests.Crash;

/// <summary>SIGKILL at a moment of chance while a device publishes, and the look at what is stored afterwards.</summary>
internal static class KillRounds
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>As many as <c>IOT_KILL_ROUNDS</c> says.</summary>
    public static readonly int Count = int.Parse(Environment.GetEnvironmentVariable("IOT_KILL_ROUNDS") ?? "1", CultureInfo.InvariantCulture);

    /// <summary>While messages are acknowledged; and returns once they are after it.</summary>
    public static async Task KillAsync(ITestOutputHelper output, string victim, TirelessDevice device, Func<Task> kill)
    {
        var before = device.Acknowledged;
        await UntilAsync(() => device.Acknowledged > before);
        await Task.Delay(RandomNumberGenerator.GetInt32(1000));
        var at = device.Acknowledged;
        await kill();
        var after = device.Acknowledged;
        await UntilAsync(() => device.Acknowledged > after);
        output.WriteLine($"{victim} was killed after {at} messages");
    }

    /// <summary>The host starts it again.</summary>
    public static Task KillPostgresAsync(string data)
    {
        var id = int.Parse(File.ReadLines(Path.Combine(data, "postgres", "data", "postmaster.pid")).First(), CultureInfo.InvariantCulture);
        using var server = Process.GetProcessById(id);
        server.Kill();
        return Task.CompletedTask;
    }

    /// <summary>The ids of commands that the tenant has taken; where its database was killed a moment ago, once it does.</summary>
    public static Task<long[]> CommandAsync(TenantClient admin, string deviceId) => Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                return (await admin.SendCommandAsync(deviceId, new SendCommandRequest { Name = "step" })).Id;
            }
            catch (ApiException refusal) when (refusal.Status == 503)
            {
                await Task.Delay(200, limit.Token);
            }
        }
    }));

    /// <summary>One row of a stack's private PostgreSQL, which may have been killed a moment ago.</summary>
    public static async Task<T> AskAsync<T>(string data, string database, string sql, Func<NpgsqlDataReader, T> read)
    {
        await using var source = NpgsqlDataSource.Create($"Host={Path.Combine(data, "postgres", "socket")};Username=platform;Database={database};Pooling=false");
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                await using var command = source.CreateCommand(sql);
                await using var row = await command.ExecuteReaderAsync(limit.Token);
                await row.ReadAsync(limit.Token);
                return read(row);
            }
            catch (NpgsqlException e) when (e.IsTransient)
            {
                await Task.Delay(200, limit.Token);
            }
        }
    }

    public static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!condition())
        {
            await Task.Delay(5, limit.Token);
        }
    }
}
