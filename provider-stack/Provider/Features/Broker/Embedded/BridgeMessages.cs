using System.Runtime.CompilerServices;
using IoTPlatform.Mqtt;
using IoTPlatform.Telemetry;
using IoTPlatform.Telemetry.Ingest;
using MQTTnet.Protocol;

namespace IoTPlatform.Provider.Features.Broker.Embedded;

/// <summary>What bridges publish to the embedded broker goes to the table that RabbitMQ's ingest fills, by the same writer.</summary>
internal sealed class BridgeMessages(TelemetryIntake intake) : IMessageStore
{
    /// <summary>One for each connection: its end, where the database refuses too much, ends no other.</summary>
    private readonly ConditionalWeakTable<MqttIdentity, IntakeSession> _sessions = [];

    public async Task<PublishOutcome> StoreAsync(PublishedMessage message, CancellationToken cancellationToken)
    {
        var session = _sessions.GetValue(message.Publisher, publisher => intake.Open(BridgeSessions.TenantOf(publisher.Name)));
        var refusal = await session.StoreAsync(message.Topic, message.Payload.Span, redelivered: false, cancellationToken);
        return refusal is null ? PublishOutcome.Stored : PublishOutcome.Refused(MqttPubAckReasonCode.PayloadFormatInvalid, refusal);
    }
}
