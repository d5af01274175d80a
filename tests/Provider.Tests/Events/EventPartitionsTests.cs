using System.Collections.Concurrent;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Provider.Features.Events;

namespace IoTPlatform.Provider.Tests.Events;

public sealed class EventPartitionsTests
{
    [Fact]
    public async Task Publish_TwoScopes_EachInOrderAndNeitherWaitsForTheOther()
    {
        var slow = new TaskCompletionSource();
        var published = new ConcurrentQueue<PlatformEvent>();

        var publishing = EventPartitions.PublishAsync([Online("slow", 1), Online("quick", 2), Online("slow", 3), Online("quick", 4)], async (happened, _) =>
        {
            if (happened.Sequence == 1)
            {
                await slow.Task;
            }

            published.Enqueue(happened);
            if (happened.Sequence == 4)
            {
                slow.SetResult();
            }
        }, default);

        await publishing.WaitAsync(TimeSpan.FromSeconds(30));
        published.Select(e => e.Sequence).ShouldBe([2, 4, 1, 3]);
    }

    private static DeviceOnline Online(string device, long sequence) =>
        new() { Id = Guid.NewGuid(), OccurredAt = DateTimeOffset.UnixEpoch, Sequence = sequence, By = "broker", DeviceId = device };
}
