using IoTPlatform.Tenant.Features.Join;

namespace IoTPlatform.Tenant.Tests.Join;

public sealed class BackOffTests
{
    [Fact]
    public void Next_RepeatedFailures_GrowsToAMinuteAndNotBeyond()
    {
        var backOff = new BackOff();
        var pauses = Enumerable.Range(0, 12).Select(_ => backOff.Next(new ProviderBusyException("away"))).ToList();

        pauses[0].ShouldBeInRange(TimeSpan.FromSeconds(0.75), TimeSpan.FromSeconds(1));
        pauses[3].ShouldBeInRange(TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(8));
        pauses[^1].ShouldBeInRange(TimeSpan.FromSeconds(45), TimeSpan.FromSeconds(60));
    }

    [Fact]
    public void Next_RetryAfter_IsNeverUndercut() =>
        new BackOff().Next(new ProviderBusyException("busy", TimeSpan.FromSeconds(90))).ShouldBe(TimeSpan.FromSeconds(90));

    [Fact]
    public void Next_AbsurdRetryAfter_IsBounded() =>
        new BackOff().Next(new ProviderBusyException("busy", TimeSpan.FromDays(365))).ShouldBe(TimeSpan.FromMinutes(15));

    [Fact]
    public void Next_WaitingForAHuman_DoesNotGrow()
    {
        var backOff = new BackOff();
        var pending = new ProviderBusyException("undecided", TimeSpan.FromSeconds(10)) { IsPending = true };
        for (var i = 0; i < 20; i++)
            backOff.Next(pending).ShouldBe(TimeSpan.FromSeconds(10));
    }
}
