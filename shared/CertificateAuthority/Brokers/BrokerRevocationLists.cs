using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Database;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// Keeps a CRL of every issuer in a RabbitMQ's folder, written as soon as PostgreSQL announces a revocation. RabbitMQ reads it at every handshake, so a
/// revoked certificate is refused at once, whatever name is in it; a list that is missing or out of date lets in no certificate of that issuer.
/// </summary>
/// <param name="authority">Whose certificates these are.</param>
/// <param name="database">Has their revocations.</param>
/// <param name="files">Where the broker reads.</param>
/// <param name="watchers">Notified after the broker.</param>
/// <param name="time">Dates of the lists.</param>
/// <param name="log">Each list, and the first failure of a row.</param>
public sealed partial class BrokerRevocationLists(
    Authority authority, NpgsqlDataSource database, BrokerCertificateFiles files, IEnumerable<IRevocationWatcher> watchers, TimeProvider time, ILogger<BrokerRevocationLists> log)
    : BackgroundService
{
    /// <summary>Between looks where nothing was announced, or could be.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>How long the broker goes by a list; while the host is down for longer, no certificate gets in.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);
    private static readonly TimeSpan RenewAfter = TimeSpan.FromHours(1);
    private static readonly TimeSpan Backdate = TimeSpan.FromMinutes(5);

    /// <summary>How long an expired certificate stays in the list: the broker's clock may be late.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    private readonly RevokedCertificates _revocations = new(database);
    private HashSet<string> _told = new(StringComparer.Ordinal);
    private IReadOnlyList<RevokedCertificate> _revoked = [];
    private IssuerSet? _issuers;
    private RevocationMark? _mark;
    private DateTimeOffset _written;
    private bool _stale;
    private bool _untold;

    /// <summary>Before the host is ready: a broker that waits for its files can start.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await TryUpdateAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        DatabaseAnnouncements? announcements = null;
        try
        {
            while (true)
            {
                await TryUpdateAsync(stoppingToken);
                await TryNotifyAsync(stoppingToken);
                announcements = await WaitAsync(announcements, stoppingToken);
            }
        }
        finally
        {
            await DisposeAsync(announcements);
        }
    }

    /// <summary>Until something is announced, or for the interval. Null: nothing can be announced now.</summary>
    private async Task<DatabaseAnnouncements?> WaitAsync(DatabaseAnnouncements? announcements, CancellationToken cancellationToken)
    {
        try
        {
            if (announcements is null)
            {
                // And then a look at what was not announced.
                return await DatabaseAnnouncements.ListenAsync(database, RevocationNotices.Channel, cancellationToken);
            }

            await announcements.NextAsync(Interval, cancellationToken);
            return announcements;
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // The update, which needs the same database, says why.
            await DisposeAsync(announcements);
            await Task.Delay(Interval, time, cancellationToken);
            return null;
        }
    }

    private static ValueTask DisposeAsync(DatabaseAnnouncements? announcements) => announcements?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task TryUpdateAsync(CancellationToken cancellationToken) => _stale = await TryAsync(_stale, ListsFailed, cancellationToken, async () =>
    {
        var (now, issuers) = (time.GetUtcNow(), authority.Issuers);
        if (_mark is not null && await _revocations.MarkAsync(_mark, cancellationToken) == _mark && ReferenceEquals(issuers, _issuers) && now < _written + RenewAfter && now >= _written)
        {
            return;
        }

        var mark = await _revocations.MarkAsync(known: null, cancellationToken);
        _revoked = await _revocations.ListAsync(now - Grace, cancellationToken);
        files.SaveRevocationLists([.. issuers.Revokers.Select(issuer => (issuer.Certificate, Sign(issuer, now)))]);
        (_mark, _issuers, _written) = (mark, issuers, now);
        Written(_revoked.Count);
    });

    private async Task TryNotifyAsync(CancellationToken cancellationToken) => _untold = await TryAsync(_untold, WatchersFailed, cancellationToken, async () =>
    {
        var news = _revoked.Where(r => !_told.Contains(Convert.ToHexString(r.Serial))).ToList();
        foreach (var watcher in news.Count == 0 ? [] : watchers)
        {
            await watcher.RevokedAsync(news, cancellationToken);
        }

        _told = _revoked.Select(r => Convert.ToHexString(r.Serial)).ToHashSet(StringComparer.Ordinal);
    });

    private byte[] Sign(CaSigner issuer, DateTimeOffset now) => issuer.SignRevocationList(new RevocationListOrder
    {
        Revoked = [.. _revoked.Where(r => r.IssuerKeyId.AsSpan().SequenceEqual(issuer.Issuer.SubjectKeyIdentifier.Span)).Select(r => new RevokedSerial(r.Serial, r.RevokedAt, r.Reason))],
        // Several processes share an issuer: the time is a number that grows for all of them.
        Number = now.ToUnixTimeMilliseconds(),
        ThisUpdate = now - Backdate,
        NextUpdate = now + Lifetime,
    });

    /// <summary>Whether it failed. The next failures of a row say the same as the first.</summary>
    private static async Task<bool> TryAsync(bool failing, Action<string> tell, CancellationToken cancellationToken, Func<Task> work)
    {
        try
        {
            await work();
            return false;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            if (!failing)
            {
                tell(e.Message);
            }

            return true;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The broker's revocation lists have {Count} certificates")]
    private partial void Written(int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "The broker's revocation lists can't be kept up to date; trying again and again: {Reason}")]
    private partial void ListsFailed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Connections with revoked certificates could not be ended at the broker yet; trying again and again: {Reason}")]
    private partial void WatchersFailed(string reason);
}

/// <summary>Notified of revoked certificates once the broker refuses them; connections that use one are still open.</summary>
public interface IRevocationWatcher
{
    /// <summary>Called again after a failure, and with all of them after a start of the host.</summary>
    Task RevokedAsync(IReadOnlyList<RevokedCertificate> certificates, CancellationToken cancellationToken);
}

/// <summary>A certificate that is revoked and would be in date.</summary>
/// <param name="Serial">Minimal big-endian bytes.</param>
/// <param name="IssuerKeyId">Subject key identifier of its issuer.</param>
/// <param name="Profile">Name of its profile.</param>
/// <param name="Subject">CN, for a device its id.</param>
/// <param name="RevokedAt">When.</param>
/// <param name="Reason">Why.</param>
public sealed record RevokedCertificate(byte[] Serial, byte[] IssuerKeyId, string Profile, string Subject, DateTimeOffset RevokedAt, RevocationReason Reason)
{
    /// <summary>Of one on hold it is said that it may be good again.</summary>
    public string Notice => Reason == RevocationReason.CertificateHold ? "The certificate is on hold." : "The certificate was revoked.";
}
