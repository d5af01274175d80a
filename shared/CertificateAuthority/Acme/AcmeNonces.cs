using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority.Storage;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>
/// Replay nonces (RFC 8555 6.5): moment and random, sealed with a key that all processes share. Giving one out costs no row; a used one is a used
/// token, so that it is used once in all processes.
/// </summary>
internal sealed class AcmeNonces(NpgsqlDataSource database, Authority authority) : IDisposable
{
    private const int Sealed = sizeof(long) + 16;
    private const int Seal = 16;
    private const int Length = Sealed + Seal;

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _once = new(1);
    private byte[]? _key;

    public async Task<string> NewAsync(CancellationToken cancellationToken)
    {
        var key = await KeyAsync(cancellationToken);
        var nonce = new byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(nonce, authority.Time.GetUtcNow().ToUnixTimeSeconds());
        RandomNumberGenerator.Fill(nonce.AsSpan(sizeof(long), Sealed - sizeof(long)));
        HMACSHA256.HashData(key, nonce.AsSpan(0, Sealed)).AsSpan(0, Seal).CopyTo(nonce.AsSpan(Sealed));
        return Base64Url.EncodeToString(nonce);
    }

    /// <summary>Throws <c>badNonce</c> for one that this server did not give out lately. That it is used once, <see cref="SpendAsync"/> sees to.</summary>
    public async Task<UsedToken> CheckAsync(string? text, CancellationToken cancellationToken)
    {
        var key = await KeyAsync(cancellationToken);
        var nonce = new byte[Length];
        if (text is null || text.Length != Base64Url.GetEncodedLength(Length) || !Base64Url.TryDecodeFromChars(text, nonce, out var written) || written != Length
            || !CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(key, nonce.AsSpan(0, Sealed)).AsSpan(0, Seal), nonce.AsSpan(Sealed)))
        {
            throw AcmeException.BadNonce();
        }

        var until = DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt64BigEndian(nonce)) + Lifetime;
        return authority.Time.GetUtcNow() < until ? new UsedToken(SHA256.HashData([.. "acme\0"u8, .. nonce]), until) : throw AcmeException.BadNonce();
    }

    /// <summary>Throws <c>badNonce</c> for one that was used.</summary>
    public async Task SpendAsync(UsedToken nonce, CancellationToken cancellationToken)
    {
        if (!await authority.Store.SpendAsync(nonce, cancellationToken))
        {
            throw AcmeException.BadNonce();
        }
    }

    public void Dispose() => _once.Dispose();

    private async ValueTask<byte[]> KeyAsync(CancellationToken cancellationToken)
    {
        if (_key is { } known)
        {
            return known;
        }

        await _once.WaitAsync(cancellationToken);
        try
        {
            return _key ??= await Outage.GuardAsync(async () =>
            {
                await using var command = database.CreateCommand(
                    "WITH made AS (INSERT INTO acme.nonce_key (key) VALUES ($1) ON CONFLICT DO NOTHING RETURNING key) SELECT key FROM made UNION ALL SELECT key FROM acme.nonce_key LIMIT 1");
                command.Parameters.AddWithValue(RandomNumberGenerator.GetBytes(32));
                // Null where another process made it in this moment: it is there at the next look.
                return (byte[]?)await command.ExecuteScalarAsync(cancellationToken) ?? (byte[])(await command.ExecuteScalarAsync(cancellationToken))!;
            });
        }
        finally
        {
            _once.Release();
        }
    }
}
