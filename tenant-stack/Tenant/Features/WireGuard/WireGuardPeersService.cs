namespace IoTPlatform.Tenant.Features.WireGuard;

/// <summary>Writes <c>wg0.conf</c> at start and after every change.</summary>
internal sealed partial class WireGuardPeersService(WireGuardPeersFile file, TimeProvider time, ILogger<WireGuardPeersService> logger) : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await file.SyncAsync(stoppingToken))
                    Written(file.FilePath);
                await file.WaitForChangeAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                NotWritten(e, file.FilePath);
                await Task.Delay(RetryDelay, time, stoppingToken);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "WireGuard peers written to {File}")]
    private partial void Written(string file);

    [LoggerMessage(Level = LogLevel.Error, Message = "WireGuard peers could not be written to {File}; trying again")]
    private partial void NotWritten(Exception e, string file);
}
