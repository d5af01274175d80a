using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Database;
using IoTPlatform.Pki;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// Tells watchers of each revocation when it is committed, by whichever process: PostgreSQL announces it. After a connection was lost they are told
/// of all certificates that are revoked.
/// </summary>
public sealed class RevocationNotices(NpgsqlDataSource database, IEnumerable<IRevocationWatcher> watchers, TimeProvider time, ILogger<RevocationNotices> log)
    : DatabaseNotices(database, Channel, "Revocations", log)
{
    /// <summary>With the serial number, in hexadecimal.</summary>
    public const string Channel = "iot_revoked";

    private readonly NpgsqlDataSource _database = database;

    /// <summary>Revoked while nobody listened.</summary>
    protected override async Task CatchUpAsync(CancellationToken cancellationToken) =>
        await TellAsync(await new RevokedCertificates(_database).ListAsync(time.GetUtcNow(), cancellationToken), cancellationToken);

    protected override Task NoticedAsync(string payload, CancellationToken cancellationToken) => NoticedAsync([payload], cancellationToken);

    /// <summary>An emergency announces thousands: they are read in one go.</summary>
    protected override async Task NoticedAsync(IReadOnlyList<string> payloads, CancellationToken cancellationToken)
    {
        if (payloads.Count > 0 && await new RevokedCertificates(_database).FindAsync([.. payloads.Select(Convert.FromHexString)], cancellationToken) is { Count: > 0 } revoked)
        {
            await TellAsync(revoked, cancellationToken);
        }
    }

    private async Task TellAsync(IReadOnlyList<RevokedCertificate> revoked, CancellationToken cancellationToken)
    {
        foreach (var watcher in watchers)
        {
            await watcher.RevokedAsync(revoked, cancellationToken);
        }
    }
}
