using System.Security.Cryptography;
using IoTPlatform.Database;
using IoTPlatform.Identity.Oidc;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Identity.Issuer;

/// <summary>
/// The issuer's keys, in the database, encrypted under the data folder's key. A new one is published before it signs, and the one before it is believed
/// until the last token that it signed has ended: a rotation breaks nothing, on any number of processes.
/// </summary>
internal sealed class IssuerKeys(IDbContextFactory<IssuerDb> contexts, IDataProtectionProvider protection, RsaKeyMaker makeRsaKey, TimeProvider time) : ISigningKeys
{
    /// <summary>How long a key is published before it signs; longer than other processes take to read it.</summary>
    public static readonly TimeSpan PublishedFirst = TimeSpan.FromMinutes(2);

    /// <summary>How long after the change an old key is believed; longer than any token lives.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromHours(24);

    /// <summary>At most one look into the database in this time, whatever key ids callers make up.</summary>
    private static readonly TimeSpan RereadInterval = TimeSpan.FromSeconds(10);

    private const long RotationLock = 0x1553_7565_7220_6b79;
    private readonly Lock _gate = new();
    private volatile IReadOnlyList<IssuerKey> _keys = [];
    private DateTimeOffset _nextRead = DateTimeOffset.MinValue;

    /// <summary>The one that signs first, then all others that are believed.</summary>
    public IReadOnlyList<IssuerKey> Current
    {
        get
        {
            var now = time.GetUtcNow();
            var known = _keys.Where(key => key.RetiresAt is not { } end || now < end).ToList();
            var signing = known.Where(key => key.SignsFrom <= now).MaxBy(key => key.SignsFrom) ?? throw new InvalidOperationException("The issuer's keys have not been read.");
            return [signing, .. known.Where(key => key != signing).OrderByDescending(key => key.SignsFrom)];
        }
    }

    /// <summary>Null: the issuer has no such key.</summary>
    public async ValueTask<JsonWebKey?> FindAsync(string keyId)
    {
        if (Find(keyId) is { } known)
        {
            return known;
        }

        // Perhaps another process has made it.
        if (MayReread())
        {
            await ReadAsync(CancellationToken.None);
        }

        return Find(keyId);
    }

    /// <summary>Makes the first key where there is none, and reads all.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        await AddAsync(keys => keys.Count == 0, TimeSpan.Zero, audit: null, cancellationToken);
        await ReadAsync(cancellationToken);
    }

    /// <summary>Makes a new key; idempotent while it does not sign yet.</summary>
    /// <returns>The key that signs next.</returns>
    public async Task<IssuerKey> RotateAsync(string actor, CancellationToken cancellationToken)
    {
        await AddAsync(keys => keys.All(key => key.SignsFrom <= time.GetUtcNow()), PublishedFirst, id => new AuditEntry(actor, "issuer.keys_rotated", id), cancellationToken);
        await ReadAsync(cancellationToken);
        return _keys.MaxBy(key => key.SignsFrom)!;
    }

    /// <summary>Drops keys whose time is over, and reads what other processes have made.</summary>
    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.Keys.Where(k => k.RetiresAt <= now).ExecuteDeleteAsync(cancellationToken);
        var rows = await db.Keys.AsNoTracking().ToListAsync(cancellationToken);
        _keys = [.. rows.Select(Decrypt)];
    }

    private JsonWebKey? Find(string keyId) => Current.FirstOrDefault(key => key.Id == keyId)?.Public;

    private bool MayReread()
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (now < _nextRead)
            {
                return false;
            }

            _nextRead = now + RereadInterval;
            return true;
        }
    }

    private async Task AddAsync(Func<IReadOnlyList<IssuerKeyRow>, bool> isDue, TimeSpan published, Func<string, AuditEntry>? audit, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({RotationLock})", cancellationToken);
        var rows = await db.Keys.ToListAsync(cancellationToken);
        if (!isDue(rows))
        {
            return;
        }

        var now = time.GetUtcNow();
        var key = IssuerKey.Create(makeRsaKey(), now + published);
        rows.ForEach(row => row.RetiresAt ??= key.SignsFrom + Overlap);
        db.Keys.Add(new IssuerKeyRow { KeyId = key.Id, Ciphertext = Protector(key.Id).Protect(key.ToText()), CreatedAt = now, SignsFrom = key.SignsFrom });
        await db.SaveChangesAsync(cancellationToken);
        if (audit is not null)
        {
            await db.AppendAuditAsync(audit(key.Id), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private IssuerKey Decrypt(IssuerKeyRow row)
    {
        try
        {
            return IssuerKey.Of(Protector(row.KeyId).Unprotect(row.Ciphertext), row.SignsFrom, row.RetiresAt);
        }
        catch (CryptographicException e)
        {
            throw new Hosting.StartupException($"The issuer's key {row.KeyId} in the database was encrypted under another data folder's key (secrets/data-protection): database and data folder do not belong together.", inner: e);
        }
    }

    // The row is part of the purpose: a key moved to another row does not decrypt.
    private IDataProtector Protector(string keyId) => protection.CreateProtector("issuer.keys", keyId);
}
