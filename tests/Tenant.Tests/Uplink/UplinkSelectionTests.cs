using IoTPlatform.Telemetry;
using IoTPlatform.Tenant.Features.Uplink;

namespace IoTPlatform.Tenant.Tests.Uplink;

public sealed class UplinkSelectionTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("telemetry/pump-1/alarm", true)]
    [InlineData("telemetry/pump-1/alarm/high", true)]
    [InlineData("telemetry/valve-1", true)]
    [InlineData("telemetry/pump-1/temperature", false)]
    [InlineData("telemetry/pump-1", false)]
    public void Selects_Filters_ChooseByTopic(string topic, bool selected) =>
        new UplinkSelection(new UplinkOptions(["telemetry/+/alarm/#", "telemetry/valve-1"], TimeSpan.Zero)).Selects(topic, Noon).ShouldBe(selected);

    [Fact]
    public void Selects_Interval_TakesOneOfATopicWithinIt()
    {
        var selection = new UplinkSelection(UplinkOptions.Everything with { Interval = TimeSpan.FromSeconds(10) });

        int[] taken = [.. Enumerable.Range(0, 30).Where(second => selection.Selects("telemetry/pump-1", Noon.AddSeconds(second)))];

        taken.ShouldBe([0, 10, 20]);
        selection.Selects("telemetry/pump-2", Noon.AddSeconds(29)).ShouldBeTrue();
        Enumerable.Range(0, 3).ShouldAllBe(second => selection.Selects("events/pump-1", Noon.AddSeconds(second)) && selection.Selects("status/pump-1", Noon.AddSeconds(second)));
    }

    [Fact]
    public void Batches_HoldAllMessagesInOrder_WithinTheirBounds()
    {
        var messages = Enumerable.Range(0, 1000).Select(i => new UplinkMessage(i, "telemetry/pump-1", new byte[i % 10 == 0 ? 60_000 : 100], Noon, Noon.AddSeconds(1))).ToList();

        var batches = UplinkBatches.Of(messages).ToList();

        batches.SelectMany(batch => batch).Select(message => message.Sequence).ShouldBe(messages.Select(message => message.Sequence));
        batches.ShouldAllBe(batch => batch.Count <= TelemetryBatch.MostMessages && batch.Sum(message => TelemetryBatch.SizeOf(message.Topic, message.Payload.Length)) <= TelemetryBatch.MostBytes);
        batches.Count.ShouldBeLessThan(120);
    }
}
