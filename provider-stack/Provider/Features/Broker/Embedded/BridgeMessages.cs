using IoTPlatform.Contracts.Devices;
using IoTPlatform.Mqtt;
using IoTPlatform.Provider.Features.Commands;
using IoTPlatform.Telemetry;
using MQTTnet.Protocol;

namespace IoTPlatform.Provider.Features.Broker.Embedded;

/// <summary>What bridges publish to the embedded broker goes to the table that RabbitMQ's ingest fills, by the same writer; what they report of commands to those.</summary>
internal sealed class BridgeMessages(BridgeIntakes intakes, TenantBudgets budgets, TenantCommandReports reports) : IMessageStore
{
    public async Task<PublishOutcome> StoreAsync(PublishedMessage message, CancellationToken cancellationToken)
    {
        if (BridgeCommandTopics.IsReport(message.Topic))
        {
            return await OverBudgetAsync(message.Publisher, [(message.Topic, message.Payload)], () => { }, cancellationToken) is { } until
                ? PublishOutcome.Refused(MqttPubAckReasonCode.QuotaExceeded, $"The budget of the tenant's plan is used up. Wait {until.TotalSeconds:0} s.")
                : await reports.StoreAsync(BridgeSessions.TenantOf(message.Publisher.Name), message.Topic, message.Payload, cancellationToken) is { } refusal
                ? PublishOutcome.Refused(MqttPubAckReasonCode.PayloadFormatInvalid, refusal)
                : PublishOutcome.Stored;
        }

        if (Unpack(message) is not { } messages)
        {
            return PublishOutcome.Refused(MqttPubAckReasonCode.PayloadFormatInvalid, TelemetryBatch.Malformed);
        }

        var connection = intakes.Of(message.Publisher);
        Task<string?>[] storing = [];
        // Of a batch each by itself: who is told of one that is refused sends them alone, and those that are stored are known again.
        void Store() => storing = [.. messages.Select(one => connection.StoreAsync(one.Topic, one.Payload.Span, message.ComesAgain, cancellationToken))];
        if (await OverBudgetAsync(message.Publisher, messages, Store, cancellationToken) is { } wait)
        {
            return PublishOutcome.Refused(MqttPubAckReasonCode.QuotaExceeded, $"The budget of the tenant's plan is used up. Wait {wait.TotalSeconds:0} s.");
        }

        var refusals = await Task.WhenAll(storing);
        if (refusals.FirstOrDefault(refusal => refusal is not null) is not { } reason)
        {
            return PublishOutcome.Stored;
        }

        if (messages.Count > 1)
        {
            await budgets.GiveBackAsync(BridgeSessions.TenantOf(message.Publisher.Name), messages.Count, messages.Sum(one => one.Payload.Length));
        }

        return PublishOutcome.Refused(MqttPubAckReasonCode.PayloadFormatInvalid, reason);
    }

    /// <summary>Null: malformed.</summary>
    private static IReadOnlyList<(string Topic, ReadOnlyMemory<byte> Payload)>? Unpack(PublishedMessage message)
    {
        if (message.Topic != TelemetryBatch.Topic)
        {
            return [(message.Topic, message.Payload)];
        }

        return TelemetryBatch.Unpack(message.Payload.Span) is { } batch && batch.All(one => !BridgeCommandTopics.IsReport(one.Topic) && message.Publisher.Access.Publishable(one.Topic) is not null) ? batch : null;
    }

    /// <summary>How long to wait; null: it is not.</summary>
    private async ValueTask<TimeSpan?> OverBudgetAsync(MqttIdentity publisher, IReadOnlyList<(string Topic, ReadOnlyMemory<byte> Payload)> messages, Action inTurn, CancellationToken cancellationToken)
    {
        if (publisher.Credential is TelemetryBudget budget)
        {
            return await budgets.TryTakeAsync(BridgeSessions.TenantOf(publisher.Name), budget, messages.Count, messages.Sum(one => one.Payload.Length), inTurn, cancellationToken);
        }

        inTurn();
        return null;
    }
}
