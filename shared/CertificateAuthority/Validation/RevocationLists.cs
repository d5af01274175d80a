using System.Collections.Concurrent;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Validation;

/// <summary>
/// The CRLs (RFC 5280 5) of every issuer whose key is here: made when one is asked for and a certificate was revoked since the last, or the last is
/// <see cref="RenewAfter"/> old; of the last one and what has changed since, and every hour of all there is. The numbers of all processes on one database grow together. Without the database the last list goes on until it runs out.
/// </summary>
public sealed partial class RevocationLists(
    Authority authority, NpgsqlDataSource database, TimeProvider time, ILogger<RevocationLists> log, IRootRevocationList? rootList = null) : IDisposable
{
    /// <summary>From thisUpdate to nextUpdate.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    private static readonly TimeSpan RenewAfter = TimeSpan.FromHours(1);

    /// <summary>How long an answer is given again without asking the database.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(500);

    /// <summary>For verifiers whose clocks are late.</summary>
    private static readonly TimeSpan Backdate = TimeSpan.FromMinutes(5);

    private readonly RevocationListStore _store = new(database);
    private readonly ConcurrentDictionary<(string Issuer, byte? Shard), Known> _known = new();
    private readonly SemaphoreSlim _making = new(1, 1);
    private int _failing;

    /// <param name="issuerKeyId">Subject key identifier, lower-case hex.</param>
    /// <param name="shard">See <see cref="RevocationListShard"/>; null: the complete list.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Null for an issuer whose key is not here (of the root: the list of the last start that had its key, also when it has run out), and for a shard where certificates name none. Throws an outage of the database where no list is left.</returns>
    public async Task<RevocationList?> FindAsync(string issuerKeyId, byte? shard, CancellationToken cancellationToken)
    {
        var issuer = authority.Active.Revokers.FirstOrDefault(revoker => IdOf(revoker) == issuerKeyId);
        var isRoot = shard is null && issuerKeyId == Convert.ToHexStringLower(authority.Active.RootKeyId);
        // A part of a list that does not say so would pass for all of it.
        if (!isRoot && (issuer is null || (shard is not null && authority.Options.Validation is null)))
        {
            return null;
        }

        if (isRoot && rootList is not null)
        {
            return rootList.Find();
        }

        var known = _known.GetOrAdd((issuerKeyId, shard), _ => new Known(isRoot));
        // One at a time asks the database; the others get what it found.
        await known.Asking.WaitAsync(cancellationToken);
        try
        {
            if (known.Asked is { } before && time.GetElapsedTime(before) < Fresh)
            {
                return known.Answer(time.GetUtcNow());
            }

            var asked = time.GetTimestamp();
            try
            {
                known.List = isRoot
                    ? (await _store.FindAsync(authority.Active.RootKeyId, shard: null, known.List, cancellationToken)).List
                    : await CurrentAsync(issuer!, shard, known.List, cancellationToken);
                Interlocked.Exchange(ref _failing, 0);
            }
            catch (Exception e) when (known.Answer(time.GetUtcNow()) is not null && DatabaseOutage.Is(e))
            {
                if (Interlocked.Exchange(ref _failing, 1) == 0)
                {
                    Stale(e.Message);
                }
            }

            known.Asked = asked;
            return known.Answer(time.GetUtcNow());
        }
        finally
        {
            known.Asking.Release();
        }
    }

    /// <summary>The complete list of the issuer that signs now.</summary>
    public async Task<RevocationList> ActiveAsync(CancellationToken cancellationToken) =>
        await FindAsync(IdOf(authority.Issuers.Active), shard: null, cancellationToken) ?? throw new InvalidOperationException("The active issuer has its key here.");

    public void Dispose() => _making.Dispose();

    private async Task<StoredRevocationList> CurrentAsync(CaSigner issuer, byte? shard, StoredRevocationList? known, CancellationToken cancellationToken)
    {
        var (list, mark) = await _store.FindAsync(issuer.Issuer.SubjectKeyIdentifier.ToArray(), shard, known, cancellationToken);
        if (list is { Der.Length: > 0 } && IsCurrent(list, mark))
        {
            return list;
        }

        // One at a time: each holds a connection while it waits for the row.
        await _making.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            return await _store.ReplaceAsync(
                issuer.Issuer, shard, now, now - Lifetime - Backdate, IsCurrent, last => IsFresh(last.WholeAt), (entries, number) => Sign(issuer, shard, entries, number, now), cancellationToken);
        }
        finally
        {
            _making.Release();
        }
    }

    private bool IsCurrent(StoredRevocationList list, RevocationMark mark) => list.Mark == mark && IsFresh(list.ThisUpdate);

    private bool IsFresh(DateTimeOffset made)
    {
        var now = time.GetUtcNow();
        return now < made + RenewAfter && now >= made - Backdate;
    }

    private (DateTimeOffset NextUpdate, byte[] Der) Sign(CaSigner issuer, byte? shard, RevocationListEntries entries, long number, DateTimeOffset now)
    {
        var order = new RevocationListOrder
        {
            Former = entries.Former,
            Revoked = entries.Revoked,
            Number = number,
            ThisUpdate = now - Backdate,
            NextUpdate = now + Lifetime,
            DistributionPoint = shard is { } part ? authority.Options.Validation?.RevocationList(issuer.Issuer.SubjectKeyIdentifier.Span, part) : null,
        };
        return (order.NextUpdate, issuer.SignRevocationList(order));
    }

    private static string IdOf(CaSigner issuer) => issuer.Issuer.KeyId;

    /// <summary>The last list that was seen. Changed by who is in <see cref="Asking"/>.</summary>
    /// <param name="isRoot">Its key is offline, so the list may be late, and what it says of its Intermediate CAs stays true.</param>
    private sealed class Known(bool isRoot)
    {
        public SemaphoreSlim Asking { get; } = new(1, 1);

        public StoredRevocationList? List { get; set; }

        /// <summary>Before it was read.</summary>
        public long? Asked { get; set; }

        /// <summary>Null: there is none that is in date.</summary>
        public RevocationList? Answer(DateTimeOffset now) => List is { Der.Length: > 0 } list && (isRoot || now < list.NextUpdate) ? new RevocationList(list.Der, list.Number, list.ThisUpdate) : null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is away: revocation lists are served as they were: {Reason}")]
    private partial void Stale(string reason);
}

/// <param name="Der">The CRL.</param>
/// <param name="Number">cRLNumber.</param>
/// <param name="MadeAt">When.</param>
public sealed record RevocationList(byte[] Der, long Number, DateTimeOffset MadeAt);

/// <summary>The root's list at a host that is not the root's own.</summary>
public interface IRootRevocationList
{
    /// <summary>Null: there is none to be handed out.</summary>
    RevocationList? Find();
}
