using IoTPlatform.Stacks;

namespace IoTPlatform.Interop.Tests;

/// <summary>A TCP proxy that can hold back what its server says: the server has answered, and nobody has heard it.</summary>
internal sealed class HoldingProxy : IAsyncDisposable
{
    private readonly LoopbackProxy _proxy;
    private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="target">Port on loopback.</param>
    public HoldingProxy(int target)
    {
        _open.SetResult();
        _proxy = new LoopbackProxy(0, (connection, stop) => LoopbackProxy.PassAsync(connection, target, AnswerAsync, stop));
    }

    public int Port => _proxy.Port;

    /// <summary>Once something is being held back.</summary>
    public Task Held => _held.Task;

    /// <summary>From now on nothing of the server's is passed on; what clients say still is.</summary>
    public void Hold() => _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void LetGo() => _open.TrySetResult();

    public ValueTask DisposeAsync() => _proxy.DisposeAsync();

    private async Task AnswerAsync(Stream far, Stream near, CancellationToken stop)
    {
        var buffer = new byte[16 * 1024];
        while (await far.ReadAsync(buffer, stop) is > 0 and var read)
        {
            if (!_open.Task.IsCompleted)
            {
                _held.TrySetResult();
            }

            await _open.Task.WaitAsync(stop);
            await near.WriteAsync(buffer.AsMemory(0, read), stop);
        }
    }
}
