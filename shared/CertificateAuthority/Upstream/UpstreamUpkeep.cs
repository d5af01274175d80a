using IoTPlatform.Pki;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Upstream;

/// <summary>
/// Tells upstream of revocations, until it has heard of them, and finds its issuers that another process has met. A revocation counts here from its commit on; upstream may be
/// away for as long as it likes. Any number of processes may do it on one database.
/// </summary>
internal sealed partial class UpstreamUpkeep(UpstreamIssuer upstream, Authority authority, TimeProvider time, ILogger<UpstreamUpkeep> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(15);

    /// <summary>One round.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            authority.Learn(await upstream.Store.IssuersAsync(cancellationToken));
            await upstream.Store.SettleAsync(cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Revocations wait for neither.
            Failed(e);
        }

        while (await upstream.Store.NextRevocationAsync(cancellationToken) is { } revocation)
        {
            var serial = SerialNumber.ToHex(revocation.Serial);
            try
            {
                await upstream.Client.RevokeAsync(revocation.Serial, revocation.ReasonCode, cancellationToken);
                await upstream.Store.DoneAsync(revocation, cancellationToken);
                Revoked(serial);
            }
            catch (UpstreamException e)
            {
                await upstream.Store.PostponeAsync(revocation, Delay(revocation.Attempts), cancellationToken);
                NotRevoked(serial, revocation.Attempts, e.Message);
                if (e.Failure == UpstreamFailure.Unavailable)
                {
                    // Away: the others would wait for nothing, too.
                    return;
                }
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                await RunAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Failed(e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private static TimeSpan Delay(int attempts)
    {
        var delay = Interval * Math.Pow(2, Math.Min(attempts - 1, 10));
        return delay < LongestDelay ? delay : LongestDelay;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The authority upstream has revoked the certificate {Serial}")]
    private partial void Revoked(string serial);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The authority upstream has not revoked the certificate {Serial}, attempt {Attempt}: {Reason}")]
    private partial void NotRevoked(string serial, int attempt, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What the authority upstream is to be told could not be looked up; trying again in a moment")]
    private partial void Failed(Exception exception);
}
