using System.Runtime.CompilerServices;
using IoTPlatform.Mqtt;
using IoTPlatform.Telemetry;
using IoTPlatform.Telemetry.Ingest;
using IoTPlatform.Tenant.Features.FirstBoot;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>What devices publish to the embedded broker: requests are answered, and everything else goes to the writer that HTTPS uses, too.</summary>
internal sealed class DeviceMessages(TelemetryIntake intake, JoinedTenant tenant, DeviceRequests requests) : IMessageStore
{
    /// <summary>One for each connection: its end, where the database is away, ends no other.</summary>
    private readonly ConditionalWeakTable<MqttIdentity, IntakeSession> _sessions = [];

    public async Task<PublishOutcome> StoreAsync(PublishedMessage message, CancellationToken cancellationToken)
    {
        if (DeviceRequests.IsRequest(message.Topic))
        {
            return await requests.AnswerAsync(message, cancellationToken);
        }

        var session = _sessions.GetValue(message.Publisher, _ => intake.Open(tenant.TenantId));
        var refusal = await session.StoreAsync(message.Topic, message.Payload.Span, message.Redelivered, cancellationToken);
        return refusal is null ? PublishOutcome.Stored : PublishOutcome.Refused(MqttPubAckReasonCode.PayloadFormatInvalid, refusal);
    }
}
