using System.Buffers.Binary;
using System.Security.Cryptography;

namespace IoTPlatform.Jose.Encryption;

/// <summary>AES Key Wrap with the default initial value, RFC 3394 (the BCL has only the padded variant of RFC 5649).</summary>
internal static class AesKeyWrap
{
    private const ulong InitialValue = 0xA6A6A6A6A6A6A6A6;
    private const int Half = 8;
    private const int Rounds = 6;

    public static byte[] Wrap(ReadOnlySpan<byte> keyEncryptionKey, ReadOnlySpan<byte> key)
    {
        using var aes = Aes.Create();
        aes.SetKey(keyEncryptionKey);
        var wrapped = new byte[key.Length + Half];
        key.CopyTo(wrapped.AsSpan(Half));
        Span<byte> block = stackalloc byte[2 * Half];
        BinaryPrimitives.WriteUInt64BigEndian(block, InitialValue);
        var n = key.Length / Half;
        for (var t = 1; t <= n * Rounds; t++)
        {
            var r = wrapped.AsSpan((((t - 1) % n) + 1) * Half, Half);
            r.CopyTo(block[Half..]);
            aes.EncryptEcb(block, block, PaddingMode.None);
            block[Half..].CopyTo(r);
            Count(block, t);
        }

        block[..Half].CopyTo(wrapped);
        CryptographicOperations.ZeroMemory(block);
        return wrapped;
    }

    /// <summary>False if the integrity check fails: a wrong key encryption key, or a tampered value.</summary>
    public static bool TryUnwrap(ReadOnlySpan<byte> keyEncryptionKey, ReadOnlySpan<byte> wrapped, Span<byte> key)
    {
        if (wrapped.Length != key.Length + Half || key.Length < 2 * Half || key.Length % Half != 0)
        {
            return false;
        }

        using var aes = Aes.Create();
        aes.SetKey(keyEncryptionKey);
        wrapped[Half..].CopyTo(key);
        Span<byte> block = stackalloc byte[2 * Half];
        wrapped[..Half].CopyTo(block);
        var n = key.Length / Half;
        for (var t = n * Rounds; t >= 1; t--)
        {
            var r = key.Slice((t - 1) % n * Half, Half);
            Count(block, t);
            r.CopyTo(block[Half..]);
            aes.DecryptEcb(block, block, PaddingMode.None);
            block[Half..].CopyTo(r);
        }

        Span<byte> expected = stackalloc byte[Half];
        BinaryPrimitives.WriteUInt64BigEndian(expected, InitialValue);
        var intact = CryptographicOperations.FixedTimeEquals(expected, block[..Half]);
        CryptographicOperations.ZeroMemory(block);
        if (!intact)
        {
            CryptographicOperations.ZeroMemory(key);
        }

        return intact;
    }

    private static void Count(Span<byte> block, int t)
        => BinaryPrimitives.WriteUInt64BigEndian(block, BinaryPrimitives.ReadUInt64BigEndian(block) ^ (ulong)t);
}
