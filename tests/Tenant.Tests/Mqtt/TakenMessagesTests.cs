using IoTPlatform.Tenant.Features.Mqtt.RabbitMq;

namespace IoTPlatform.Tenant.Tests.Mqtt;

/// <summary>Up to when everything is acknowledged: what is said too late costs a comparison, what is said too early a row.</summary>
public sealed class TakenMessagesTests
{
    private readonly TakenMessages _taken = new();
    private int _second;

    [Fact]
    public void Nothing_IsSaid_BeforeSomethingIsAcknowledged()
    {
        Frontier().ShouldBeNull();
        Add(1);
        Frontier().ShouldBeNull();
    }

    [Fact]
    public void AllAcknowledged_IsUpToNow()
    {
        Add(1);
        Add(2);
        _taken.Passed(2);

        Frontier().ShouldBe((2UL, At(3)));
    }

    [Fact]
    public void OneNotAcknowledged_IsUpToBeforeIt()
    {
        Add(1);
        Add(2);
        Add(3);
        _taken.Passed(1);

        Frontier().ShouldBe((1UL, At(2)));
        _taken.Passed(2);
        Frontier().ShouldBe((2UL, At(3)));
    }

    /// <summary>What comes again was received by an earlier session, and more of it may be on the way.</summary>
    [Fact]
    public void Redelivered_NothingIsSaid_UntilAllOfThemAreAcknowledgedAndOthersCame()
    {
        Add(1, redelivered: true);
        Add(2, redelivered: true);
        _taken.Passed(1);
        Frontier().ShouldBeNull();
        _taken.Passed(2);
        Frontier().ShouldBeNull("more of them may come");
        Add(3);

        Frontier()!.Value.Tag.ShouldBe(2UL);
    }

    [Fact]
    public void Redelivered_NotAcknowledged_HoldsBackWhatCameLater()
    {
        Add(1);
        Add(2, redelivered: true);
        Add(3);
        _taken.Passed(1);

        Frontier().ShouldBeNull();
    }

    private (ulong Tag, DateTimeOffset To)? Frontier() => _taken.Acknowledged(() => At(++_second));

    private void Add(ulong tag, bool redelivered = false) => _taken.Add(tag, redelivered, At(++_second));

    private static DateTimeOffset At(int second) => DateTimeOffset.UnixEpoch.AddSeconds(second);
}
