using System.Text.Json;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Hosting;
using Npgsql;

namespace IoTPlatform.Tenant.Features.Telemetry;

/// <summary>The last known state of each device.</summary>
internal sealed class DeviceStates(NpgsqlDataSource database) : IGuarded
{
    public static string Policy => Policies.Viewer;

    /// <summary>Null: the device has published none.</summary>
    public async Task<DeviceStateRecord?> FindAsync(string deviceId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT topic, sent_at, received_at, payload FROM tenant.device_state WHERE device_id = $1");
        command.Parameters.Add(new() { Value = deviceId });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken)
            ? new DeviceStateRecord
            {
                DeviceId = deviceId,
                Topic = row.GetString(0),
                SentAt = row.GetFieldValue<DateTimeOffset>(1),
                ReceivedAt = row.GetFieldValue<DateTimeOffset>(2),
                Payload = JsonElement.Parse(row.GetString(3), new JsonDocumentOptions { MaxDepth = TelemetryFormat.DeepestNesting }),
            }
            : null;
    }
}
