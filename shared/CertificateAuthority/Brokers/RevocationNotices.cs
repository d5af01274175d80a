using IoTPlatform.CertificateAuthority.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// Tells watchers of each revocation when it is committed, by whichever process: PostgreSQL announces it. After a connection was lost they are told
/// of all certificates that are revoked.
/// </summary>
public sealed partial class RevocationNotices(
    Authority authority, NpgsqlDataSource database, IEnumerable<IRevocationWatcher> watchers, TimeProvider time, ILogger<RevocationNotices> log) : BackgroundService
{
    /// <summary>A connection that is silent for so long is asked whether it is still there.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failing = false;
        while (true)
        {
            try
            {
                await ListenAsync(() => failing = false, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (!failing)
                {
                    Failed(e.Message);
                }

                failing = true;
            }

            await Task.Delay(Retry, TimeProvider.System, stoppingToken);
        }
    }

    private async Task ListenAsync(Action listening, CancellationToken cancellationToken)
    {
        await using var announcements = await RevocationAnnouncements.ListenAsync(database, cancellationToken);
        listening();
        // Revoked while nobody listened.
        await TellAsync(await new RevokedCertificates(database).ListAsync(time.GetUtcNow(), cancellationToken), cancellationToken);
        while (true)
        {
            foreach (var serial in await announcements.NextAsync(LongestSilence, cancellationToken))
            {
                if (await authority.FindAsync(Convert.FromHexString(serial), cancellationToken) is { RevokedAt: { } revokedAt } record)
                {
                    await TellAsync([new RevokedCertificate(record.SerialNumber, [], record.Profile, record.Subject, revokedAt)], cancellationToken);
                }
            }
        }
    }

    private async Task TellAsync(IReadOnlyList<RevokedCertificate> revoked, CancellationToken cancellationToken)
    {
        foreach (var watcher in watchers)
        {
            await watcher.RevokedAsync(revoked, cancellationToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Revocations are not announced by the database now; listening again and again: {Reason}")]
    private partial void Failed(string reason);
}
