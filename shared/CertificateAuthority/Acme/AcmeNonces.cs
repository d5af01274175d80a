using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority.Storage;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>
/// Replay nonces (RFC 8555 6.5): moment and random, sealed with a key that all processes share. Giving one out costs no row; a used one is a row, so that it is used
/// once in all processes. Key and used ones are in memory of the database alone and end together: after a crash of it, none that was given out before is taken.
/// </summary>
internal sealed class AcmeNonces(NpgsqlDataSource database, TimeProvider time) : IDisposable
{
    private const int Sealed = sizeof(long) + 16;
    private const int Mac = 16;
    private const int Length = Sealed + Mac;
    private const int SweptAtOnce = 10_000;

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _once = new(1);
    private NonceSeal? _seal;
    private long _lookedAgain;

    public async Task<string> NewAsync(CancellationToken cancellationToken)
    {
        var seal = await SealAsync(cancellationToken);
        var nonce = new byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(nonce, time.GetUtcNow().ToUnixTimeSeconds());
        RandomNumberGenerator.Fill(nonce.AsSpan(sizeof(long), Sealed - sizeof(long)));
        HMACSHA256.HashData(seal.Key, nonce.AsSpan(0, Sealed)).AsSpan(0, Mac).CopyTo(nonce.AsSpan(Sealed));
        return Base64Url.EncodeToString(nonce);
    }

    /// <summary>Throws <c>badNonce</c> for one that this server did not give out lately. That it is used once, <see cref="AcmeAdmission"/> sees to.</summary>
    public async Task<SealedNonce> CheckAsync(string? text, CancellationToken cancellationToken)
    {
        var nonce = new byte[Length];
        if (text is null || text.Length != Base64Url.GetEncodedLength(Length) || !Base64Url.TryDecodeFromChars(text, nonce, out var written) || written != Length)
        {
            throw AcmeException.BadNonce();
        }

        var seal = await SealAsync(cancellationToken);
        if (!IsSealedWith(seal) && !IsSealedWith(seal = await LookAgainAsync(seal, cancellationToken)))
        {
            throw AcmeException.BadNonce();
        }

        return time.GetUtcNow() < DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt64BigEndian(nonce)) + Lifetime ? new SealedNonce(nonce[..Sealed], seal.Id) : throw AcmeException.BadNonce();

        bool IsSealedWith(NonceSeal by) => CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(by.Key, nonce.AsSpan(0, Sealed)).AsSpan(0, Mac), nonce.AsSpan(Sealed));
    }

    /// <summary>The database has another key: it crashed since.</summary>
    public void Forget(Guid sealId)
    {
        if (_seal?.Id == sealId)
        {
            _seal = null;
        }
    }

    /// <summary>Forgets used ones that are refused as too old anyway, some at a time: however many strangers have used, each statement ends soon.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        var before = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(before, (time.GetUtcNow() - (2 * Lifetime)).ToUnixTimeSeconds());
        while (await Outage.GuardAsync(async () =>
        {
            await using var command = database.CreateCommand("DELETE FROM acme.used_nonces WHERE nonce IN (SELECT nonce FROM acme.used_nonces WHERE nonce < $1 ORDER BY nonce LIMIT $2)");
            command.Parameters.AddWithValue(before);
            command.Parameters.AddWithValue(SweptAtOnce);
            return await command.ExecuteNonQueryAsync(cancellationToken);
        }) == SweptAtOnce)
        {
        }
    }

    public void Dispose() => _once.Dispose();

    /// <summary>Another process may have found out before this one that the database crashed. Once a second at most: anybody can send what is sealed with nothing.</summary>
    private async ValueTask<NonceSeal> LookAgainAsync(NonceSeal seal, CancellationToken cancellationToken)
    {
        var looked = Volatile.Read(ref _lookedAgain);
        if ((looked != 0 && time.GetElapsedTime(looked) < TimeSpan.FromSeconds(1)) || Interlocked.CompareExchange(ref _lookedAgain, time.GetTimestamp(), looked) != looked)
        {
            return _seal ?? seal;
        }

        Forget(seal.Id);
        return await SealAsync(cancellationToken);
    }

    private async ValueTask<NonceSeal> SealAsync(CancellationToken cancellationToken)
    {
        if (_seal is { } known)
        {
            return known;
        }

        await _once.WaitAsync(cancellationToken);
        try
        {
            return _seal ??= await Outage.GuardAsync(async () => await ReadAsync(cancellationToken) ?? await ReadAsync(cancellationToken) ?? throw new InvalidOperationException("There is no key to seal nonces with."));
        }
        finally
        {
            _once.Release();
        }
    }

    /// <summary>Makes it if there is none. Null where another process made it in this moment: it is there at the next look.</summary>
    private async Task<NonceSeal?> ReadAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "WITH made AS (INSERT INTO acme.nonce_seals (key) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id, key) SELECT id, key FROM made UNION ALL SELECT id, key FROM acme.nonce_seals LIMIT 1");
        command.Parameters.AddWithValue(RandomNumberGenerator.GetBytes(32));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new NonceSeal(reader.GetGuid(0), reader.GetFieldValue<byte[]>(1)) : null;
    }

    private sealed record NonceSeal(Guid Id, byte[] Key);
}

/// <summary>One that this server gave out.</summary>
/// <param name="Value">Without its seal.</param>
/// <param name="SealId">Of the key that it is sealed with.</param>
internal readonly record struct SealedNonce(byte[] Value, Guid SealId);
