using IoTPlatform.Portal.Live;
using IoTPlatform.Testing;

namespace IoTPlatform.Portal.Tests;

public sealed class ReloadTurnsTests
{
    private readonly FakeTime _time = new();

    /// <summary>Two hundred pages that wake at once.</summary>
    [Fact]
    public async Task Turns_OfManyPages_AreSoManyASecondInTheirOrder()
    {
        var turns = new ReloadTurns(_time, perSecond: 50);
        var pages = Enumerable.Range(0, 200).Select(_ => turns.WaitAsync(CancellationToken.None)).ToList();

        pages.Count(page => page.IsCompleted).ShouldBe(1);
        _time.Advance(TimeSpan.FromSeconds(1));
        pages.TakeWhile(page => page.IsCompleted).Count().ShouldBe(51);
        pages.Count(page => page.IsCompleted).ShouldBe(51);
        _time.Advance(TimeSpan.FromSeconds(3));
        await Task.WhenAll(pages);
    }

    /// <summary>Somebody who opens pages and leaves them.</summary>
    [Fact]
    public async Task Turns_ThatAreGivenUp_HoldNobodyUp()
    {
        var turns = new ReloadTurns(_time, perSecond: 50);
        using var left = new CancellationTokenSource();
        var pages = Enumerable.Range(0, 1000).Select(_ => turns.WaitAsync(left.Token)).ToList();
        await left.CancelAsync();
        pages.Count(page => page.IsCanceled).ShouldBe(999);

        var next = turns.WaitAsync(CancellationToken.None);
        _time.Advance(TimeSpan.FromMilliseconds(20));

        next.IsCompleted.ShouldBeTrue();
    }

    [Fact]
    public async Task Turn_OfOneThatHasGivenUpAlready_IsNotTaken()
    {
        var turns = new ReloadTurns(_time, perSecond: 50);

        await Should.ThrowAsync<OperationCanceledException>(() => turns.WaitAsync(new CancellationToken(canceled: true)));

        turns.WaitAsync(CancellationToken.None).IsCompleted.ShouldBeTrue();
    }

    [Fact]
    public void Turns_AfterQuiet_AreNotSaved()
    {
        var turns = new ReloadTurns(_time, perSecond: 50);
        _time.Advance(TimeSpan.FromHours(1));

        Enumerable.Range(0, 10).Count(_ => turns.WaitAsync(CancellationToken.None).IsCompleted).ShouldBe(1);
    }

    [Fact]
    public void Turn_WhenTheClockIsSetBack_ComesAsEver()
    {
        var turns = new ReloadTurns(_time, perSecond: 50);
        _ = turns.WaitAsync(CancellationToken.None);
        _time.SetBack(TimeSpan.FromHours(1));
        var next = turns.WaitAsync(CancellationToken.None);
        _time.Advance(TimeSpan.FromMilliseconds(20));

        next.IsCompleted.ShouldBeTrue();
    }
}
