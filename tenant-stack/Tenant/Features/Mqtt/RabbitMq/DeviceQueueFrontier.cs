using Npgsql;

namespace IoTPlatform.Tenant.Features.Mqtt.RabbitMq;

/// <summary>
/// Up to when everything that was received from the devices' queue is acknowledged, for the session after this one, in whichever process. It is told by the last session that
/// asked: one that has lost the queue and does not know it yet tells nothing.
/// </summary>
internal sealed class DeviceQueueFrontier(NpgsqlDataSource database)
{
    /// <summary>As it is; from now on this reader tells.</summary>
    public async Task<DateTimeOffset> ClaimAsync(Guid reader, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("UPDATE tenant.device_queue SET reader = $1 RETURNING acknowledged_to");
        command.Parameters.Add(new() { Value = reader });
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        await rows.ReadAsync(cancellationToken);
        return rows.GetFieldValue<DateTimeOffset>(0);
    }

    /// <summary>False: another has claimed it.</summary>
    public async Task<bool> MoveAsync(Guid reader, DateTimeOffset to, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("UPDATE tenant.device_queue SET acknowledged_to = $2 WHERE reader = $1");
        command.Parameters.Add(new() { Value = reader });
        command.Parameters.Add(new() { Value = to });
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }
}
