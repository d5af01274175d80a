using RabbitMQ.Client;

namespace IoTPlatform.Provider.Features.Telemetry.Ingest;

/// <summary>Hands what arrives to its session, in order; the next message waits until this one was taken.</summary>
internal sealed class TelemetryConsumer(IChannel channel, TelemetrySession session) : AsyncDefaultBasicConsumer(channel)
{
    public override Task HandleBasicDeliverAsync(
        string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey, IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body,
        CancellationToken cancellationToken = default) => session.TakeAsync(deliveryTag, redelivered, routingKey, body);

    /// <summary>The broker cancels a consumer whose queue is gone.</summary>
    public override Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default)
    {
        session.End("the queue is gone");
        return Task.CompletedTask;
    }
}
