using System.Security.Cryptography;
using System.Text;

namespace IoTPlatform.Jose.Encryption;

/// <summary>PBES2-HS256+A128KW key derivation, RFC 7518 section 4.8.1: PBKDF2 over "alg" || 0x00 || p2s.</summary>
internal static class Pbes2KeyDerivation
{
    public const string Algorithm = "PBES2-HS256+A128KW";
    public const int KeyLength = 16;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static void Derive(ReadOnlySpan<char> password, ReadOnlySpan<byte> saltInput, int iterations, Span<byte> key)
    {
        var secret = new byte[StrictUtf8.GetByteCount(password)];
        try
        {
            StrictUtf8.GetBytes(password, secret);
            byte[] salt = [.. "PBES2-HS256+A128KW\0"u8, .. saltInput];
            Rfc2898DeriveBytes.Pbkdf2(secret, salt, key, iterations, HashAlgorithmName.SHA256);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }
}
