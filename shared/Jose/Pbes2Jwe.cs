using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Jose.Encryption;
using IoTPlatform.Jose.Json;

namespace IoTPlatform.Jose;

/// <summary>Password-encrypted JWE: PBES2-HS256+A128KW (RFC 7518 section 4.8) with A256GCM (section 5.3).</summary>
public static class Pbes2Jwe
{
    private const int ContentKeyLength = 32;
    private const int WrappedKeyLength = ContentKeyLength + 8;
    private const int IvLength = 12;
    private const int TagLength = 16;
    private const int SaltLength = 16;

    /// <summary>Compact serialization (RFC 7516 section 7.1).</summary>
    public static string Encrypt(ReadOnlySpan<byte> plaintext, ReadOnlySpan<char> password, string contentType = "jwk+json", int iterations = 600_000)
    {
        Span<byte> wrappingKey = stackalloc byte[Pbes2KeyDerivation.KeyLength];
        Span<byte> contentKey = stackalloc byte[ContentKeyLength];
        try
        {
            var header = new Pbes2Header(RandomNumberGenerator.GetBytes(SaltLength), iterations, contentType);
            var encodedHeader = StrictBase64Url.Encode(header.ToJson());
            Pbes2KeyDerivation.Derive(password, header.SaltInput, iterations, wrappingKey);
            RandomNumberGenerator.Fill(contentKey);
            var iv = RandomNumberGenerator.GetBytes(IvLength);
            var ciphertext = new byte[plaintext.Length];
            var tag = new byte[TagLength];
            using var gcm = new AesGcm(contentKey, TagLength);
            gcm.Encrypt(iv, plaintext, ciphertext, tag, Encoding.ASCII.GetBytes(encodedHeader));
            return string.Join('.',
                encodedHeader,
                StrictBase64Url.Encode(AesKeyWrap.Wrap(wrappingKey, contentKey)),
                StrictBase64Url.Encode(iv),
                StrictBase64Url.Encode(ciphertext),
                StrictBase64Url.Encode(tag));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(wrappingKey);
            CryptographicOperations.ZeroMemory(contentKey);
        }
    }

    /// <summary>
    /// Compact or flattened JSON serialization. Wrong password and tampering are both <see cref="JoseError.DecryptionFailed"/>.
    /// More rounds than <paramref name="maxIterations"/> are refused before any are computed.
    /// </summary>
    public static byte[] Decrypt(string compact, ReadOnlySpan<char> password, int maxIterations = 2_000_000)
    {
        var parts = JweParts.Parse(compact);
        var header = Pbes2Header.Read(StrictBase64Url.Decode(parts.Protected, "The encrypted object's header"), maxIterations);
        var wrapped = Decode(parts.EncryptedKey, WrappedKeyLength);
        var iv = Decode(parts.Iv, IvLength);
        var tag = Decode(parts.Tag, TagLength);
        var ciphertext = StrictBase64Url.Decode(parts.Ciphertext, "The ciphertext");
        Span<byte> wrappingKey = stackalloc byte[Pbes2KeyDerivation.KeyLength];
        Span<byte> contentKey = stackalloc byte[ContentKeyLength];
        try
        {
            Pbes2KeyDerivation.Derive(password, header.SaltInput, header.Iterations, wrappingKey);
            if (!AesKeyWrap.TryUnwrap(wrappingKey, wrapped, contentKey))
            {
                throw Failed();
            }

            var plaintext = new byte[ciphertext.Length];
            using var gcm = new AesGcm(contentKey, TagLength);
            gcm.Decrypt(iv, ciphertext, tag, plaintext, Encoding.ASCII.GetBytes(parts.Protected));
            return plaintext;
        }
        catch (AuthenticationTagMismatchException)
        {
            throw Failed();
        }
        finally
        {
            CryptographicOperations.ZeroMemory(wrappingKey);
            CryptographicOperations.ZeroMemory(contentKey);
        }
    }

    private static byte[] Decode(string part, int length)
        => StrictBase64Url.Decode(part, "A part of the encrypted object") is { } bytes && bytes.Length == length
            ? bytes
            : throw new JoseException(JoseError.Malformed, "A part of the encrypted object has the wrong length.");

    private static JoseException Failed() => new(JoseError.DecryptionFailed, "The password is wrong or the encrypted object was changed.");
}
