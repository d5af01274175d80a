using IoTPlatform.Mqtt.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Mqtt.Tests.Broker;

/// <summary>The messages and bytes per second of an identity, by a clock of the test's.</summary>
public sealed class RateMeterTests
{
    private readonly FakeTime _time = new();

    [Fact]
    public void Take_BeyondItsMessages_WaitsUntilTheyAreThereAgain()
    {
        var meter = new RateMeter(new MqttLimits { MessagesPerSecond = 10 }, _time);
        Enumerable.Range(0, 10).Select(_ => Take(meter, 1)).ShouldAllBe(taken => taken.IsCompletedSuccessfully);

        var beyond = Take(meter, 1);
        _time.Advance(TimeSpan.FromMilliseconds(99));
        beyond.IsCompleted.ShouldBeFalse();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        beyond.IsCompletedSuccessfully.ShouldBeTrue();
        Take(meter, 1).IsCompleted.ShouldBeFalse();

        // A second's worth at once, however long it was silent.
        _time.Advance(TimeSpan.FromHours(1));
        Enumerable.Range(0, 10).Select(_ => Take(meter, 1)).ShouldAllBe(taken => taken.IsCompletedSuccessfully);
        Take(meter, 1).IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public void Take_BeyondItsBytes_WaitsAsLongAsTheyTake()
    {
        var meter = new RateMeter(new MqttLimits { MessagesPerSecond = 1000, BytesPerSecond = 1000 }, _time);

        var large = Take(meter, 3000);
        _time.Advance(TimeSpan.FromMilliseconds(1999));
        large.IsCompleted.ShouldBeFalse();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        large.IsCompletedSuccessfully.ShouldBeTrue();
    }

    [Fact]
    public async Task Take_OfAConnectionThatEnds_WaitsNoLonger()
    {
        var meter = new RateMeter(new MqttLimits { MessagesPerSecond = 1 }, _time);
        await Take(meter, 1);
        using var end = new CancellationTokenSource();
        var beyond = meter.TakeAsync(1, end.Token).AsTask();

        await end.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(beyond);
    }

    private static Task Take(RateMeter meter, long bytes) => meter.TakeAsync(bytes, CancellationToken.None).AsTask();
}

/// <summary>The same at the broker.</summary>
public sealed class RateLimitTests(BrokerHost host) : IClassFixture<BrokerHost>
{
    [Fact]
    public async Task Publish_BeyondTheRate_IsReadMoreSlowly_AndANeighbourIsNot()
    {
        const string Name = "hasty";
        host.Limits[Name] = new MqttLimits { MessagesPerSecond = 20 };
        using var client = await Client.ConnectAsync(host, Name);
        using var neighbour = await Client.ConnectAsync(host, "patient");
        var started = TimeProvider.System.GetTimestamp();

        // Twenty at once, and a second for the other twenty.
        var publishing = Task.WhenAll(Enumerable.Range(0, 40).Select(_ => client.PublishAsync($"devices/{Name}/telemetry")));
        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => neighbour.PublishAsync("devices/patient/telemetry")));

        publishing.IsCompleted.ShouldBeFalse();
        await publishing;
        TimeProvider.System.GetElapsedTime(started).ShouldBeGreaterThan(TimeSpan.FromMilliseconds(900));
        host.Store.Of(Name).Count.ShouldBe(40);
    }
}
