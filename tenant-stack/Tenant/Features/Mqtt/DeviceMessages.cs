using IoTPlatform.Mqtt;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>What devices publish to the embedded broker: requests are answered, and everything else goes to the writer that HTTPS uses, too.</summary>
internal sealed class DeviceMessages(DeviceIntakes intakes, DeviceRequests requests) : IMessageStore
{
    public async Task<PublishOutcome> StoreAsync(PublishedMessage message, CancellationToken cancellationToken)
    {
        if (DeviceRequests.IsRequest(message.Topic))
        {
            return await requests.AnswerAsync(message, cancellationToken);
        }

        var refusal = await intakes.Of(message.Publisher).StoreAsync(message.Topic, message.Payload.Span, message.ComesAgain, cancellationToken);
        return refusal is null ? PublishOutcome.Stored : PublishOutcome.Refused(MqttPubAckReasonCode.PayloadFormatInvalid, refusal);
    }
}
