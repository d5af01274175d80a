using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Features.Broker.Embedded;
using IoTPlatform.Testing;

namespace IoTPlatform.Provider.Tests.Broker;

public sealed class TenantBudgetsTests
{
    private readonly FakeTime _time = new();

    [Fact]
    public void TryTake_BeyondAMinutesWorth_SaysHowLongToWait_AndGoesOnThen()
    {
        var budgets = new TenantBudgets(_time);
        var budget = new TelemetryBudget(MessagesPerSecond: 10, BytesPerSecond: 1_000_000);

        budgets.TryTake("acme", budget, 600, 100).ShouldBeNull();
        budgets.TryTake("acme", budget, 1, 100).ShouldBe(TimeSpan.FromSeconds(1));
        budgets.TryTake("globex", budget, 1, 100).ShouldBeNull();
        _time.Advance(TimeSpan.FromSeconds(1));
        budgets.TryTake("acme", budget, 256, 100).ShouldBeNull();

        budgets.TryTake("acme", budget, 1, 100).ShouldBe(TimeSpan.FromSeconds(25));
    }

    [Fact]
    public void TryTake_Bytes_CountAsWell()
    {
        var budgets = new TenantBudgets(_time);
        var budget = new TelemetryBudget(MessagesPerSecond: 10, BytesPerSecond: 1000);

        budgets.TryTake("acme", budget, 1, 61_000).ShouldBeNull();
        budgets.TryTake("acme", budget, 1, 1).ShouldNotBeNull();
    }
}
