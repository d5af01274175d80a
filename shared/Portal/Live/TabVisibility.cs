using Microsoft.JSInterop;

namespace IoTPlatform.Portal.Live;

/// <summary>Whether a page's tab is the one that its window shows. The shell's script says it (Page Visibility); until then it is.</summary>
public sealed class TabVisibility : IDisposable
{
    private readonly Lock _gate = new();
    private CancellationTokenSource _hidden = new();
    private TaskCompletionSource? _shown;

    /// <summary>Cancelled when the tab is hidden. When it is shown again it has another.</summary>
    public CancellationToken Hidden
    {
        get
        {
            lock (_gate)
            {
                return _hidden.Token;
            }
        }
    }

    /// <summary>At once where it is shown now.</summary>
    public Task ShownAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return _shown?.Task.WaitAsync(cancellationToken) ?? Task.CompletedTask;
        }
    }

    /// <summary>Called by the browser. One that tells a lie has its own page loaded sooner or later.</summary>
    [JSInvokable]
    public void Set(bool isShown)
    {
        TaskCompletionSource? shown = null;
        CancellationTokenSource? hidden = null;
        lock (_gate)
        {
            if (isShown && _shown is not null)
            {
                (shown, _shown) = (_shown, null);
                _hidden.Dispose();
                _hidden = new CancellationTokenSource();
            }
            else if (!isShown && _shown is null)
            {
                _shown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                hidden = _hidden;
            }
        }

        hidden?.Cancel();
        shown?.SetResult();
    }

    public void Dispose() => _hidden.Dispose();
}
