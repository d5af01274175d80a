using IoTPlatform.CertificateAuthority.Validation;

namespace IoTPlatform.CertificateAuthority.Tests.Validation;

public sealed class SharedPlacesTests
{
    private static readonly TimeSpan NoWait = TimeSpan.Zero;

    [Fact]
    public async Task Enter_AFloodFromOneAddress_LeavesTheOthersTheirPlaces()
    {
        using var places = new SharedPlaces(4, ofOneAddress: 2);
        var first = await places.EnterAsync("flood", NoWait, default);
        using var second = await places.EnterAsync("flood", NoWait, default);
        first.ShouldNotBeNull();
        second.ShouldNotBeNull();

        (await places.EnterAsync("flood", NoWait, default)).ShouldBeNull();
        using var other = await places.EnterAsync("other", NoWait, default);
        other.ShouldNotBeNull();

        first.Dispose();
        using var next = await places.EnterAsync("flood", TimeSpan.FromSeconds(20), default);
        next.ShouldNotBeNull();
    }

    [Fact]
    public async Task Enter_AllTaken_HoldsNothingOfItsAddress()
    {
        using var places = new SharedPlaces(1, ofOneAddress: 1);
        var first = await places.EnterAsync("one", NoWait, default);
        (await places.EnterAsync("two", NoWait, default)).ShouldBeNull();
        using var gone = new CancellationTokenSource();
        var waiting = places.EnterAsync("two", TimeSpan.FromSeconds(20), gone.Token);
        await gone.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(waiting);

        first!.Dispose();

        using var second = await places.EnterAsync("two", NoWait, default);
        second.ShouldNotBeNull();
    }

    [Fact]
    public async Task Enter_WaitsForItsShareAndThenForAPlace_NoLongerThanSaid()
    {
        var longest = TimeSpan.FromSeconds(1);
        using var places = new SharedPlaces(1, ofOneAddress: 1);
        using var taken = await places.EnterAsync("one", longest, default);
        // The first of the other address waits for the place, the second one for the first.
        var first = places.EnterAsync("two", longest, default);
        var began = TimeProvider.System.GetTimestamp();

        (await places.EnterAsync("two", longest, default)).ShouldBeNull();

        TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(longest * 1.8);
        (await first).ShouldBeNull();
    }
}
