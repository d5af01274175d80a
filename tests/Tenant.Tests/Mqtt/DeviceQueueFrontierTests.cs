using IoTPlatform.Telemetry;
using IoTPlatform.Tenant.Features.Mqtt.RabbitMq;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.Mqtt;

public sealed class DeviceQueueFrontierTests
{
    [SkippableFact]
    public async Task Move_CountsForTheNextReader_AndNotFromOneThatLostTheQueue()
    {
        await using var database = await TenantDatabase.CreateAsync();
        var frontier = new DeviceQueueFrontier(database.DataSource);
        var (first, second) = (Guid.NewGuid(), Guid.NewGuid());
        var now = TelemetryParser.ToMicroseconds(TimeProvider.System.GetUtcNow());
        await frontier.ClaimAsync(first, default);
        (await frontier.MoveAsync(first, now, default)).ShouldBeTrue();

        (await frontier.ClaimAsync(second, default)).ShouldBe(now);
        (await frontier.MoveAsync(first, now.AddHours(1), default)).ShouldBeFalse();
        (await frontier.ClaimAsync(second, default)).ShouldBe(now);
    }
}
