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

    public async Task<PublishOutcome> StoreAsync(PublishedMessage message, CancellationToken cancellationToken)
    {
        var device = message.Publisher.ClientId;
        if (CommandTopics.IdOf(message.Topic) is not { } id)
        {
            return PublishOutcome.Refused(MqttPubAckReasonCode.TopicNameInvalid, Unknown);
        }

        if ((message.Payload.Length > TelemetryFormat.LongestFromDevice ? TelemetryRefusal.TooLong : TelemetryPayload.ReadValue(message.Payload.Span)) is { } refusal)
        {
            return PublishOutcome.Refused(MqttPubAckReasonCode.PayloadFormatInvalid, refusal);
        }

        await _places.WaitAsync(cancellationToken);
        try
        {
            return await StoreAsync(id, device, Encoding.UTF8.GetString(message.Payload.Span), cancellationToken);
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
            var answered = await db.DeviceCommands
                .Where(c => c.Id == id && c.DeviceId == device && (c.State == CommandState.Queued || c.State == CommandState.Delivered) && c.ExpiresAt > now)
                .ExecuteUpdateAsync(
                    c => c.SetProperty(x => x.State, CommandState.Answered).SetProperty(x => x.Answer, answer).SetProperty(x => x.EndedAt, now)
                        .SetProperty(x => x.DeliveredAt, x => x.DeliveredAt ?? now),
                    cancellationToken);
            command = await db.DeviceCommands.AsNoTracking().SingleOrDefaultAsync(c => c.Id == id && c.DeviceId == device, cancellationToken);
            return answered == 1 ? CommandAudit.Of(command!, CommandState.Answered, $"device:{device}") : null;
        }, cancellationToken);
        return isAnswered || command?.State == CommandState.Answered
            ? PublishOutcome.Stored
            : PublishOutcome.Refused(MqttPubAckReasonCode.TopicNameInvalid, command is null ? Unknown : Ended);
    }
}
