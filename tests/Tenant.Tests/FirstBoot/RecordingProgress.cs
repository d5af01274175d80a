using System.Collections.Concurrent;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Tests.FirstBoot;

internal sealed class RecordingProgress : IFirstBootProgress
{
    private readonly ConcurrentQueue<string> lines = [];
    private readonly ConcurrentQueue<TimeSpan> pauses = [];
    private readonly SemaphoreSlim waiting = new(0);

    public IReadOnlyList<string> Lines => [.. lines];
    public IReadOnlyList<TimeSpan> Pauses => [.. pauses];

    public void Started(string check, string reason) => lines.Enqueue($"{check} …");

    public void Waiting(string check, string reason, TimeSpan pause)
    {
        lines.Enqueue($"{check} waiting: {reason}");
        pauses.Enqueue(pause);
        waiting.Release();
    }

    public void Done(string check) => lines.Enqueue($"{check} done");

    /// <summary>Returns when the boot announced one more pause, or ended.</summary>
    public Task WaitedAsync(Task run) => Task.WhenAny(waiting.WaitAsync(), run);
}
