using System.Text;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Database;
using IoTPlatform.Mqtt;
using IoTPlatform.Telemetry;
using IoTPlatform.Tenant.Data;
using Microsoft.EntityFrameworkCore;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Features.Commands;

/// <summary>Stores what devices answer. The first answer counts; one that comes again is acknowledged again.</summary>
internal sealed class CommandAnswers(IDbContextFactory<TenantDbContext> databases, TimeProvider time)
{
    private const string Unknown = "command_unknown";
    private const string Ended = "command_ended";

    /// <summary>Devices answer all at once; the database's connections are for others, too.</summary>
    private const int MostAtOnce = 8;
    private readonly SemaphoreSlim _places = new(MostAtOnce, MostAtOnce);

    public async Task<PublishOutcome> StoreAsync(string device, string topic, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        if (CommandTopics.IdOf(topic) is not { } id)
        {
            return PublishOutcome.Refused(MqttPubAckReasonCode.TopicNameInvalid, Unknown);
        }

        if ((payload.Length > TelemetryFormat.LongestFromDevice ? TelemetryRefusal.TooLong : TelemetryPayload.ReadValue(payload.Span)) is { } refusal)
        {
            return PublishOutcome.Refused(MqttPubAckReasonCode.PayloadFormatInvalid, refusal);
        }

        await _places.WaitAsync(cancellationToken);
        try
        {
            return await StoreAsync(id, device, Encoding.UTF8.GetString(payload.Span), cancellationToken);
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task<PublishOutcome> StoreAsync(long id, string device, string answer, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        DeviceCommand? command = null;
        var isAnswered = await db.RunAuditedAsync(async () =>
        {
            // An UPDATE that returns its row, which LINQ lacks.
            var answered = (await db.DeviceCommands.FromSql($"""
                UPDATE tenant.device_commands SET state = 'answered', answer = {answer}::json, ended_at = {now}, delivered_at = coalesce(delivered_at, {now})
                WHERE id = {id} AND device_id = {device} AND state IN ('queued', 'delivered') AND expires_at > {now} RETURNING *
                """).AsNoTracking().ToListAsync(cancellationToken)).SingleOrDefault();
            command = answered ?? await db.DeviceCommands.AsNoTracking().SingleOrDefaultAsync(c => c.Id == id && c.DeviceId == device, cancellationToken);
            return answered is not null ? CommandAudit.Of(answered, CommandState.Answered, $"device:{device}") : null;
        }, cancellationToken);
        return isAnswered || command?.State == CommandState.Answered
            ? PublishOutcome.Stored
            : PublishOutcome.Refused(MqttPubAckReasonCode.TopicNameInvalid, command is null ? Unknown : Ended);
    }
}
