namespace IoTPlatform.Portal.Live;

/// <summary>One view for all who look at it at the same time.</summary>
public sealed class SharedView<T>(TimeProvider time) where T : class
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);
    private readonly SemaphoreSlim _one = new(1, 1);
    private T? _view;
    private DateTimeOffset _at;

    public async Task<T> ReadAsync(Func<CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_view is null || time.GetUtcNow() - _at >= Fresh)
            {
                _view = await read(cancellationToken);
                _at = time.GetUtcNow();
            }

            return _view;
        }
        finally
        {
            _one.Release();
        }
    }
}
