using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Features.Broker.Embedded;
using IoTPlatform.Provider.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Provider.Tests.Broker;

public sealed class TenantBudgetsTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly FakeTime _time = new();

    [SkippableFact]
    public async Task TryTake_BeyondAMinutesWorth_SaysHowLongToWait_AndGoesOnThen()
    {
        var (one, other) = (await PrepareAsync("budget-wait"), await PrepareAsync("budget-other"));
        var budgets = Process();
        var budget = new TelemetryBudget(MessagesPerSecond: 10, BytesPerSecond: 1_000_000);

        (await TakeAsync(budgets, one, budget, 600, 100)).ShouldBeNull();
        (await TakeAsync(budgets, one, budget, 1, 100)).ShouldBe(TimeSpan.FromSeconds(1));
        (await TakeAsync(budgets, other, budget, 1, 100)).ShouldBeNull();
        _time.Advance(TimeSpan.FromSeconds(1));
        (await TakeAsync(budgets, one, budget, 256, 100)).ShouldBeNull();

        (await TakeAsync(budgets, one, budget, 1, 100)).ShouldBe(TimeSpan.FromSeconds(25));
    }

    [SkippableFact]
    public async Task TryTake_Bytes_CountAsWell()
    {
        var tenant = await PrepareAsync("budget-bytes");
        var budgets = Process();
        var budget = new TelemetryBudget(MessagesPerSecond: 10, BytesPerSecond: 1000);

        (await TakeAsync(budgets, tenant, budget, 1, 61_000)).ShouldBeNull();
        (await TakeAsync(budgets, tenant, budget, 1, 1)).ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task TryTake_AfterARestart_OrAtAnotherProcess_FindsWhatIsLeft()
    {
        var tenant = await PrepareAsync("budget-restart");
        var budget = new TelemetryBudget(MessagesPerSecond: 10, BytesPerSecond: 1_000_000);
        var killed = Process();
        for (var i = 0; i < 35; i++)
        {
            (await TakeAsync(killed, tenant, budget, 1, 1)).ShouldBeNull();
        }

        // The second's worth that it had taken is spent with it.
        (await CountAsync(Process(), tenant, budget)).ShouldBe(600 - 40);
        (await TakeAsync(Process(), tenant, budget, 1, 1)).ShouldBe(TimeSpan.FromSeconds(1));
    }

    [SkippableFact]
    public async Task GiveBack_OfARefusedBatch_IsThereForItsMessages()
    {
        var tenant = await PrepareAsync("budget-back");
        var budgets = Process();
        var budget = new TelemetryBudget(MessagesPerSecond: 1, BytesPerSecond: 1_000_000);
        (await TakeAsync(budgets, tenant, budget, 60, 100)).ShouldBeNull();

        await budgets.GiveBackAsync(tenant, 60, 100);

        (await CountAsync(budgets, tenant, budget)).ShouldBe(60);
    }

    [SkippableFact]
    public async Task TryTake_ManyAtOnceAtTwoProcesses_GiveOutNoMoreThanThereIs()
    {
        var tenant = await PrepareAsync("budget-race");
        TenantBudgets[] processes = [Process(), Process()];
        var budget = new TelemetryBudget(MessagesPerSecond: 2, BytesPerSecond: 1_000_000);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => TakeAsync(processes[i % 2], tenant, budget, 1, 1)));

        outcomes.Count(wait => wait is null).ShouldBe(120);
    }

    /// <summary>For one message, as of a machine that woke up with a wrong date.</summary>
    [SkippableFact]
    public async Task TryTake_AfterAClockThatWasADayAhead_GoesOnAtOnce()
    {
        var tenant = await PrepareAsync("budget-ahead");
        var budget = new TelemetryBudget(MessagesPerSecond: 1, BytesPerSecond: 1_000_000);
        (await TakeAsync(new TenantBudgets(fixture.Provider.Database.DataSource, new FakeTime(_time.GetUtcNow() + TimeSpan.FromDays(1))), tenant, budget, 60, 100)).ShouldBeNull();
        var budgets = Process();
        (await TakeAsync(budgets, tenant, budget, 1, 100)).ShouldNotBeNull();

        _time.Advance(TimeSpan.FromSeconds(10));

        (await CountAsync(budgets, tenant, budget)).ShouldBe(10);
    }

    [SkippableFact]
    public async Task TryTake_ClockSetBackWhileItWaits_GoesOnAfterTheWait()
    {
        var tenant = await PrepareAsync("budget-back-clock");
        var budgets = Process();
        var budget = new TelemetryBudget(MessagesPerSecond: 1, BytesPerSecond: 1_000_000);
        (await TakeAsync(budgets, tenant, budget, 60, 100)).ShouldBeNull();
        (await TakeAsync(budgets, tenant, budget, 1, 100)).ShouldNotBeNull();

        _time.SetBack(TimeSpan.FromHours(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        (await TakeAsync(budgets, tenant, budget, 1, 100)).ShouldNotBeNull("the clock is seen to be another one");
        _time.Advance(TimeSpan.FromSeconds(10));

        (await CountAsync(budgets, tenant, budget)).ShouldBe(10);
    }

    /// <summary>One after the other until it has to wait.</summary>
    private static async Task<int> CountAsync(TenantBudgets budgets, string tenant, TelemetryBudget budget)
    {
        var count = 0;
        while (await TakeAsync(budgets, tenant, budget, 1, 1) is null)
        {
            count++;
        }

        return count;
    }

    private static Task<TimeSpan?> TakeAsync(TenantBudgets budgets, string tenant, TelemetryBudget budget, int messages, int bytes) =>
        budgets.TryTakeAsync(tenant, budget, messages, bytes, () => { }, CancellationToken.None).AsTask();

    private TenantBudgets Process() => new(fixture.Provider.Database.DataSource, _time);

    private async Task<string> PrepareAsync(string tenantId)
    {
        await fixture.Provider.PrepareAsync(tenantId);
        return tenantId;
    }
}
