using IoTPlatform.Mqtt;
using IoTPlatform.Tenant.Features.Commands;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>What devices publish to the embedded broker: requests, answers to commands, and everything else, which goes to the writer that HTTPS uses, too.</summary>
internal sealed class DeviceMessages(DeviceIntakes intakes, DeviceRequests requests, CommandAnswers answers) : IMessageStore
{
    public async Task<PublishOutcome> StoreAsync(PublishedMessage message, CancellationToken cancellationToken)
    {
        if (DeviceRequests.IsRequest(message.Topic))
        {
            return await requests.AnswerAsync(message, cancellationToken);
        }

        if (CommandTopics.IsResponse(message.Topic))
        {
            return await answers.StoreAsync(message.Publisher.ClientId, message.Topic, message.Payload, cancellationToken);
        }

        var refusal = await intakes.Of(message.Publisher).StoreAsync(message.Topic, message.Payload.Span, message.ComesAgain, cancellationToken);
        return refusal is null ? PublishOutcome.Stored : PublishOutcome.Refused(MqttPubAckReasonCode.PayloadFormatInvalid, refusal);
    }
}
