using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using global::Jose;
using IoTPlatform.Jose.Encryption;
using IoTPlatform.Jose.Json;

namespace IoTPlatform.Jose;

/// <summary>Password-encrypted JWE: PBES2-HS256+A128KW (RFC 7518 section 4.8) with A256GCM (section 5.3).</summary>
public static class Pbes2Jwe
{
    private const int WrappedKeyLength = 40;
    private const int IvLength = 12;
    private const int TagLength = 16;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly JwtSettings Settings = new JwtSettings().RegisterJwa(Pbes2HeaderRules.Algorithm, new Pbes2KeyManagement());

    /// <summary>Compact serialization (RFC 7516 section 7.1).</summary>
    public static string Encrypt(ReadOnlySpan<byte> plaintext, ReadOnlySpan<char> password, string contentType = "jwk+json", int iterations = 600_000)
    {
        var secret = Secret(password);
        var copy = plaintext.ToArray();
        try
        {
            var header = new Dictionary<string, object>(StringComparer.Ordinal) { ["cty"] = contentType, ["p2c"] = iterations };
            return JWE.EncryptBytes(
                copy, [new JweRecipient(JweAlgorithm.PBES2_HS256_A128KW, secret, header)], JweEncryption.A256GCM, mode: SerializationMode.Compact, settings: Settings);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
            CryptographicOperations.ZeroMemory(copy);
        }
    }

    /// <summary>
    /// Compact or flattened JSON serialization. Wrong password and tampering are both <see cref="JoseError.DecryptionFailed"/>.
    /// More rounds than <paramref name="maxIterations"/> are refused before any are computed.
    /// </summary>
    public static byte[] Decrypt(string compact, ReadOnlySpan<char> password, int maxIterations = 2_000_000)
    {
        var parts = JweParts.Parse(compact);
        Pbes2HeaderRules.Require(StrictBase64Url.Decode(parts.Protected, "The encrypted object's header"), maxIterations);
        RequireLength(parts.EncryptedKey, WrappedKeyLength);
        RequireLength(parts.Iv, IvLength);
        RequireLength(parts.Tag, TagLength);
        _ = StrictBase64Url.Decode(parts.Ciphertext, "The ciphertext");
        var secret = Secret(password);
        try
        {
            return JWE.Decrypt(parts.ToCompact(), secret, Pbes2HeaderRules.Algorithm, Pbes2HeaderRules.ContentEncryption, Settings).PlaintextBytes;
        }
        catch (Exception e) when (e is IntegrityException or EncryptionException)
        {
            throw new JoseException(JoseError.DecryptionFailed, "The password is wrong or the encrypted object was changed.");
        }
        catch (JsonException e)
        {
            // Members of no use here, of a kind that the library can't hold.
            throw new JoseException(JoseError.Malformed, "The encrypted object's header can't be read.", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static byte[] Secret(ReadOnlySpan<char> password)
    {
        var secret = new byte[StrictUtf8.GetByteCount(password)];
        StrictUtf8.GetBytes(password, secret);
        return secret;
    }

    private static void RequireLength(string part, int length)
    {
        if (StrictBase64Url.Decode(part, "A part of the encrypted object").Length != length)
        {
            throw new JoseException(JoseError.Malformed, "A part of the encrypted object has the wrong length.");
        }
    }
}
