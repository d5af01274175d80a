using IoTPlatform.Provider.Features.Events;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Api;

namespace IoTPlatform.Provider.Tests.Events;

public sealed class EventSubscriptionsTests
{
    private static readonly Binding[] Exchanges =
    [
        new("tenant.joined", "tenant.event", "exchange"), new("tenant.event", "platform.event", "exchange"), new("device.online", "device.event", "exchange"), new("device.event", "platform.event", "exchange"),
    ];

    [Fact]
    public void Leading_NoQueueBound_IsNothing() =>
        EventSubscriptions.Leading([.. Exchanges, new("", "billing", "queue")]).ShouldBeEmpty();

    [Fact]
    public void Leading_QueueAtAKindOfEvents_IsThatKindOnly() =>
        EventSubscriptions.Leading([.. Exchanges, new("tenant.event", "billing", "queue")]).ShouldBe(["tenant.event", "tenant.joined"], ignoreOrder: true);

    [Fact]
    public void Leading_QueueBehindAnExchangeOfItsOwn_IsEveryEvent() =>
        EventSubscriptions.Leading([.. Exchanges, new("platform.event", "theirs", "exchange"), new("theirs", "queue", "queue"), new("theirs", "platform.event", "exchange")])
            .ShouldBe(["theirs", "platform.event", "tenant.event", "tenant.joined", "device.event", "device.online"], ignoreOrder: true);
}
