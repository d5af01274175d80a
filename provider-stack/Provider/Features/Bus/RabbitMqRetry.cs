using IoTPlatform.Provider.Features.Workflow;
using MassTransit;

namespace IoTPlatform.Provider.Features.Bus;

/// <summary>In a queue of the broker, whose messages go back to the consumers when they expire.</summary>
internal sealed class RabbitMqRetry(IBus bus) : IRetryDelivery
{
    /// <summary>Each has a queue.</summary>
    public static IReadOnlyList<TimeSpan> Delays { get; } = [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(120)];

    public TimeSpan DelayFor(TimeSpan wanted) => Delays.FirstOrDefault(delay => delay >= wanted, Delays[^1]);

    public async Task SendAsync(AdvanceWorkflow message, TimeSpan delay, CancellationToken cancellationToken)
    {
        var endpoint = await bus.GetSendEndpoint(new Uri("queue:" + BusVhost.RetryQueue(delay)));
        await endpoint.Send(message, cancellationToken);
    }
}
