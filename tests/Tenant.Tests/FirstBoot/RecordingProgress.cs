using System.Collections.Concurrent;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Tests.FirstBoot;

internal sealed class RecordingProgress : IFirstBootProgress
{
    private readonly ConcurrentQueue<string> _lines = [];
    private readonly ConcurrentQueue<TimeSpan> _pauses = [];
    private readonly SemaphoreSlim _waiting = new(0);

    public IReadOnlyList<string> Lines => [.. _lines];
    public IReadOnlyList<TimeSpan> Pauses => [.. _pauses];

    public void Started(string check, string reason) => _lines.Enqueue($"{check} …");

    public void Waiting(string check, string reason, TimeSpan pause)
    {
        _lines.Enqueue($"{check} waiting: {reason}");
        _pauses.Enqueue(pause);
        _waiting.Release();
    }

    public void Done(string check) => _lines.Enqueue($"{check} done");

    /// <summary>Returns when the boot announced one more wait, or ended.</summary>
    public Task WaitedAsync(Task run) => Task.WhenAny(_waiting.WaitAsync(), run);
}
