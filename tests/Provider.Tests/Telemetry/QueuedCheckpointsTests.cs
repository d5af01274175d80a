using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Provider.Features.Telemetry.Ingest;
using IoTPlatform.Testing;

namespace IoTPlatform.Provider.Tests.Telemetry;

public sealed class QueuedCheckpointsTests
{
    private readonly FakeTime _time = new();
    private readonly List<UplinkProgress> _recorded = [];

    [Fact]
    public async Task Passed_IsRecordedAMinuteAfterWhatCameBeforeItIsStored_AndNotEarlier()
    {
        var checkpoints = Create();
        var progress = Until(1);
        checkpoints.Add(3, QueuedCheckpoints.Pack(progress));

        checkpoints.Passed(2, default);
        _time.PendingTimers.ShouldBe(0);
        checkpoints.Passed(3, default);
        _time.Advance(QueuedCheckpoints.OfOtherProcesses - TimeSpan.FromSeconds(1));
        _recorded.ShouldBeEmpty();
        _time.Advance(TimeSpan.FromSeconds(1));

        await WaitAsync(1);
        _recorded.ShouldBe([progress]);
    }

    [Fact]
    public async Task Passed_InASessionThatEnds_IsNotRecorded()
    {
        using var closing = new CancellationTokenSource();
        var checkpoints = Create();
        checkpoints.Add(1, QueuedCheckpoints.Pack(Until(1)));
        checkpoints.Passed(1, closing.Token);

        await closing.CancelAsync();
        _time.Advance(QueuedCheckpoints.OfOtherProcesses);

        _recorded.ShouldBeEmpty();
    }

    [Fact]
    public async Task Add_NoCheckpoint_OrManyAtOnce_IsBounded()
    {
        var checkpoints = Create();
        checkpoints.Add(1, "soon"u8);
        for (var i = 2UL; i < 100; i++)
        {
            checkpoints.Add(i, QueuedCheckpoints.Pack(Until((int)i)));
        }

        checkpoints.Passed(100, default);
        _time.Advance(QueuedCheckpoints.OfOtherProcesses);

        await WaitAsync(16);
        _recorded.Select(progress => progress.AcknowledgedUntil.Minute).ShouldBe(Enumerable.Range(2, 16), ignoreOrder: true);
    }

    private QueuedCheckpoints Create() => new((progress, _) =>
    {
        lock (_recorded)
        {
            _recorded.Add(progress);
        }

        return Task.CompletedTask;
    }, _time);

    private UplinkProgress Until(int minute) => new() { Database = "this", AcknowledgedUntil = new DateTimeOffset(2030, 1, 15, 12, minute % 60, 0, TimeSpan.Zero) };

    private Task WaitAsync(int count) => Support.Eventually.ShouldAsync(() => Task.FromResult(_recorded.Count >= count));
}
