using IoTPlatform.Hosting;
using IoTPlatform.Portal.Sessions;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Portal.Live;

/// <summary>
/// A page that shows what is now: it loads before the first paint, and again when something happened. What goes wrong is said on the page, which stays as it was.
/// </summary>
public abstract class LivePage : ComponentBase, IDisposable
{
    /// <summary>And waits so many times as long as loading took: a page that is left open on a heavy query costs the database a quarter of its time.</summary>
    private const int Rest = 3;

    /// <summary>How long a page is blank, or as it was, before it says that what it shows can't be had now. An operation may take longer.</summary>
    private static readonly TimeSpan LongestLoad = TimeSpan.FromSeconds(8);

    private readonly CancellationTokenSource _disposed = new();
    private readonly SemaphoreSlim _happened = new(0, 1);
    private IDisposable? _subscription;
    private TimeSpan _took;

    [Inject]
    protected PortalCalls Calls { get; set; } = null!;

    [Inject]
    protected NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private AuditPulse Pulse { get; set; } = null!;

    [Inject]
    private ReloadTurns Turns { get; set; } = null!;

    [Inject]
    private TabVisibility Tab { get; set; } = null!;

    [Inject]
    private TimeProvider Time { get; set; } = null!;

    [Inject]
    private ILoggerFactory Loggers { get; set; } = null!;

    /// <summary>Why the last operation came to nothing; null: it did not.</summary>
    protected string? Problem { get; set; }

    /// <summary>Why the page may not show what is now; null: it does.</summary>
    protected string? LoadProblem { get; private set; }

    /// <summary>An operation runs.</summary>
    protected bool IsBusy { get; private set; }

    /// <summary>Ended when the page is left.</summary>
    protected CancellationToken Stopping => _disposed.Token;

    protected DateTimeOffset Now => Time.GetUtcNow();

    /// <summary>Loaded again and again, for what is no entry of the audit log.</summary>
    protected virtual bool IsEager => false;

    /// <summary>However much happens, the page is loaded no more often; less often where more pages are open than <see cref="ReloadTurns"/> has turns.</summary>
    protected virtual TimeSpan Shortest => TimeSpan.FromSeconds(1);

    protected abstract Task LoadAsync();

    protected override Task OnParametersSetAsync() => ReloadAsync();

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
        {
            _subscription = Pulse.Listen(Wake);
            _ = FollowAsync();
        }
    }

    protected async Task ReloadAsync()
    {
        var began = Time.GetTimestamp();
        LoadProblem = await TryAsync(() => LoadAsync().WaitAsync(LongestLoad, Time, Stopping));
        _took = Time.GetElapsedTime(began);
    }

    /// <summary>An operation of a person: at once visibly busy, never twice at the same time. False: it went wrong, and <see cref="Problem"/> says how.</summary>
    protected async Task<bool> ActAsync(Func<Task> work)
    {
        if (IsBusy)
        {
            return false;
        }

        IsBusy = true;
        StateHasChanged();
        Problem = await TryAsync(work);
        IsBusy = false;
        return Problem is null;
    }

    /// <summary>
    /// Before an operation that a person confirmed on the strength of what the page showed: looks again, and where that is not what is now, says so and is false.
    /// </summary>
    /// <param name="shown">What was shown when the person was asked.</param>
    /// <param name="now">The same of now.</param>
    /// <param name="changed">What has become of it, and by whom.</param>
    protected async Task<bool> IsStillAsync<T>(T shown, Func<T> now, Func<string> changed)
    {
        await ReloadAsync();
        if (EqualityComparer<T>.Default.Equals(shown, now()))
        {
            return true;
        }

        Problem = $"Nothing was done: {changed()} Look at it again, and repeat it if it is still right.";
        return false;
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        _disposed.Cancel();
        _subscription?.Dispose();
    }

    private async Task<string?> TryAsync(Func<Task> work)
    {
        try
        {
            await work();
            return null;
        }
        catch (OperationCanceledException) when (_disposed.IsCancellationRequested)
        {
            return null;
        }
        catch (TimeoutException)
        {
            return "The database does not answer in time. What is shown may be old; it is asked again by itself.";
        }
        catch (Exception e)
        {
            return ProblemTranslation.Of(e)?.Message ?? Unexpected(e);
        }
    }

    private void Wake()
    {
        try
        {
            _happened.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake already.
        }
    }

    private async Task FollowAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(Rest * _took > Shortest ? Rest * _took : Shortest, Time, Stopping);
                if (!IsEager)
                {
                    await _happened.WaitAsync(Stopping);
                }

                await TurnAsync();
                // What happened while it waited is in what is loaded now.
                await _happened.WaitAsync(TimeSpan.Zero, Stopping);
                await InvokeAsync(async () =>
                {
                    if (!IsBusy)
                    {
                        await ReloadAsync();
                        StateHasChanged();
                    }
                });
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The page was left.
        }
    }

    /// <summary>Returns when it is the page's turn. In a hidden tab it has none, and is loaded as soon as a person turns to it.</summary>
    private async Task TurnAsync()
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(Stopping, Tab.Hidden);
        try
        {
            await Turns.WaitAsync(waiting.Token);
        }
        catch (OperationCanceledException) when (!Stopping.IsCancellationRequested)
        {
            await Tab.ShownAsync(Stopping);
        }
    }

    private string Unexpected(Exception exception)
    {
        LivePageLog.Fault(Loggers.CreateLogger(GetType()), GetType().Name, exception);
        return "An unexpected error; the server's log has it.";
    }
}

internal static partial class LivePageLog
{
    [LoggerMessage(1, LogLevel.Error, "unexpected error on the page {Page}")]
    public static partial void Fault(ILogger log, string page, Exception exception);
}
