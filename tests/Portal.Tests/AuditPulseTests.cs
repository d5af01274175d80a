using IoTPlatform.Database;
using IoTPlatform.Portal.Live;
using IoTPlatform.Testing;
using Npgsql;

namespace IoTPlatform.Portal.Tests;

public sealed class AuditPulseTests
{
    /// <summary>It serves all pages: on the dispatcher of the one that happened to be first it would keep that page in memory, and stop when it is stuck.</summary>
    [Fact]
    public async Task Listen_OnAPagesDispatcher_NeverComesBackToIt()
    {
        await using var nowhere = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Timeout=1");
        var time = new FakeTime();
        using var pulse = new AuditPulse(new AuditLog(nowhere), time);
        var dispatcher = new Dispatcher();
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(dispatcher);
        IDisposable listening;
        try
        {
            listening = pulse.Listen(() => { });
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        await Task.WhenAny(dispatcher.Posted, Task.Delay(500));
        listening.Dispose();

        dispatcher.Posted.IsCompleted.ShouldBeFalse();
    }

    private sealed class Dispatcher : SynchronizationContext
    {
        private readonly TaskCompletionSource _posted = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Posted => _posted.Task;

        public override void Post(SendOrPostCallback d, object? state)
        {
            _posted.TrySetResult();
            base.Post(d, state);
        }
    }
}
