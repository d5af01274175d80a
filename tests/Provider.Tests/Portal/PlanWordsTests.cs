using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Portal;

namespace IoTPlatform.Provider.Tests.Portal;

public sealed class PlanWordsTests
{
    [Theory]
    [InlineData("standard=10/100", null, "10 connections at once, 100 sessions with subscriptions; messages of 256 KiB at most; 60 certificates an hour; any amount of telemetry")]
    [InlineData("standard=10/100/5:2000/1200/2048000", 1500, "10 connections at once, 100 sessions with subscriptions; messages of 256 KiB at most; 5 certificates an hour; 1,500 of 2,000 certificates used this month; 1,200 messages/s and 2,000 KiB/s of telemetry")]
    [InlineData("standard=10/100/5:2000", null, "10 connections at once, 100 sessions with subscriptions; messages of 256 KiB at most; 5 certificates an hour; 2,000 certificates a month; any amount of telemetry")]
    public void Plan_IsItsNumbers_WithTheirUnits(string plan, int? used, string words)
        => string.Join("; ", PlanWords.Of(TenantPlans.Parse([plan]).Of("standard"), used)).ShouldBe(words);
}
