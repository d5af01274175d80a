using IoTPlatform.Tenant.Tests.FirstBoot;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.Support;

internal static class FakeTimeExtensions
{
    /// <summary>Skips every wait that a boot announces, until it ends.</summary>
    public static async Task RunAsync(this FakeTime time, Task boot, RecordingProgress progress)
    {
        while (true)
        {
            await progress.WaitedAsync(boot);
            if (boot.IsCompleted)
            {
                break;
            }

            await time.SkipWaitAsync(boot, progress);
        }
        await boot;
    }

    /// <summary>Ends the wait that was announced last, once it has really begun.</summary>
    public static async Task SkipWaitAsync(this FakeTime time, Task boot, RecordingProgress progress)
    {
        while (time.PendingTimers == 0 && !boot.IsCompleted)
        {
            await Task.Yield();
        }

        time.Advance(progress.Pauses[^1]);
    }
}
