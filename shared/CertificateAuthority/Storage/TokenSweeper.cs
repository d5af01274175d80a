using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Storage;

/// <summary>Forgets, every hour, the used tokens that are refused as expired anyway.</summary>
internal sealed class TokenSweeper : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    private readonly CertificateStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    public TokenSweeper(CertificateStore store, TimeProvider time, ILogger<TokenSweeper> log)
    {
        _store = store;
        _time = time;
        _log = log;
        _loop = Task.Run(SweepAsync, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private async Task SweepAsync()
    {
        using var timer = new PeriodicTimer(Interval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                try
                {
                    await _store.ForgetTokensAsync(_time.GetUtcNow() - Interval, _stop.Token);
                }
                catch (Exception e) when (e is not OperationCanceledException || !_stop.IsCancellationRequested)
                {
                    IssuanceLog.SweepFailed(_log, e);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }
}
