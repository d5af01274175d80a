using IoTPlatform.Telemetry;
using IoTPlatform.Tenant.Features.Telemetry;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;
using Npgsql;

namespace IoTPlatform.Tenant.Tests.Telemetry;

/// <summary>What a broker gives out again while a process that is gone, or has lost its connection, is still committing it.</summary>
public sealed class RepetitionTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TenantDatabase.CreateAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [SkippableFact]
    public async Task LastStored_WhileAnotherCommits_WaitsForIt()
    {
        var partitions = new TelemetryPartitions(_database.DataSource, TenantTelemetry.Table);
        var message = Reading(TelemetryParser.ToMicroseconds(TimeProvider.System.GetUtcNow()));
        await partitions.EnsureAsync(DateOnly.FromDateTime(message.SentAt.UtcDateTime), default);
        var store = new TelemetryStore(_database.DataSource, TenantTelemetry.Table, partitions, TimeProvider.System);
        await using var connection = await _database.DataSource.OpenConnectionAsync();
        var transaction = await connection.BeginTransactionAsync();
        await InsertAsync(connection, message);

        var looking = store.LastStoredAsync(Reading(message.ReceivedAt.AddSeconds(1)), DateTimeOffset.UnixEpoch, 10, default);
        await WaitingAsync();
        await transaction.CommitAsync();

        (await looking).ShouldHaveSingleItem().ShouldBe(message.Identity);
    }

    private static TelemetryMessage Reading(DateTimeOffset receivedAt)
    {
        TelemetryParser.TryParse("acme", "telemetry/switch-1", """{"on":true}"""u8, receivedAt, new TelemetryOptions(), out var message, out var refusal).ShouldBeTrue(refusal);
        return message!;
    }

    private static async Task InsertAsync(NpgsqlConnection connection, TelemetryMessage message)
    {
        await using var command = new NpgsqlCommand(TenantTelemetry.Table.Insert, connection);
        foreach (var column in (object[])[new[] { message.TenantId }, new[] { message.DeviceId }, new[] { message.SentAt }, new[] { message.Identity }, new[] { message.ReceivedAt }, new[] { message.Topic }])
        {
            command.Parameters.Add(new() { Value = column });
        }

        command.Parameters.Add(new() { Value = new[] { message.Payload }, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Json });
        command.Parameters.Add(new() { Value = new[] { message.TenantId } });
        (await command.ExecuteNonQueryAsync()).ShouldBe(1);
    }

    /// <summary>Returns when somebody waits for the writer's turn.</summary>
    private async Task WaitingAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await _database.ScalarAsync<bool>("SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"))
        {
            await Task.Delay(20, patience.Token);
        }
    }
}
