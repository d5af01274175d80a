using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IoTPlatform.Jose.Json;
using global::Jose;

namespace IoTPlatform.Jose.Encryption;

/// <summary>
/// PBES2-HS256+A128KW, RFC 7518 section 4.8, in place of the library's own: PBKDF2 by OpenSSL, a salt of 128 bits, and a password that can be
/// overwritten. The key is the password in UTF-8.
/// </summary>
internal sealed class Pbes2KeyManagement : IKeyManagement
{
    private const int KeyLength = 16;
    private const int SaltLength = 16;

    public byte[][] WrapNewKey(int cekSizeBits, object key, IDictionary<string, object> header)
    {
        var contentKey = RandomNumberGenerator.GetBytes(cekSizeBits / 8);
        return [contentKey, WrapKey(contentKey, key, header)];
    }

    public byte[] WrapKey(byte[] cek, object key, IDictionary<string, object> header)
    {
        header["p2s"] = StrictBase64Url.Encode(RandomNumberGenerator.GetBytes(SaltLength));
        return WithWrappingKey(key, header, wrappingKey => AesKeyWrap.Wrap(cek, wrappingKey));
    }

    public byte[] Unwrap(byte[] encryptedCek, object key, int cekSizeBits, IDictionary<string, object> header)
        => WithWrappingKey(key, header, wrappingKey => AesKeyWrap.Unwrap(encryptedCek, wrappingKey));

    private static byte[] WithWrappingKey(object password, IDictionary<string, object> header, Func<byte[], byte[]> operation)
    {
        // Section 4.8.1.1: the algorithm's name, a zero octet, the salt input.
        byte[] salt = [.. Encoding.ASCII.GetBytes(Pbes2HeaderRules.Algorithm), 0, .. StrictBase64Url.Decode((string)header["p2s"], "The \"p2s\"")];
        var rounds = Convert.ToInt32(header["p2c"], CultureInfo.InvariantCulture);
        var wrappingKey = Rfc2898DeriveBytes.Pbkdf2((byte[])password, salt, rounds, HashAlgorithmName.SHA256, KeyLength);
        try
        {
            return operation(wrappingKey);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(wrappingKey);
        }
    }
}

/// <summary>What the protected header of a <see cref="Pbes2Jwe"/> must say before any work is done for it.</summary>
internal static class Pbes2HeaderRules
{
    public const string Algorithm = "PBES2-HS256+A128KW";
    public const string ContentEncryption = "A256GCM";
    private const int MinimumIterations = 1000; // RFC 7518 section 4.8.1.2
    private const int MinimumSaltLength = 8;    // section 4.8.1.1
    private const int MaximumSaltLength = 256;

    public static void Require(ReadOnlySpan<byte> utf8Json, int maxIterations)
    {
        var json = StrictJson.ParseDetached(utf8Json, "The encrypted object's header");
        Require(json, "alg", Algorithm);
        Require(json, "enc", ContentEncryption);
        if (json.TryGetProperty("crit", out _) || json.TryGetProperty("zip", out _))
        {
            throw new JoseException(JoseError.Malformed, "The encrypted object uses critical extensions or compression.");
        }

        // p2c is the sender's choice of how long we compute.
        if (!json.TryGetProperty("p2c", out var p2c) || p2c.ValueKind != JsonValueKind.Number
            || !p2c.TryGetInt32(out var iterations) || iterations < MinimumIterations || iterations > maxIterations)
        {
            throw new JoseException(JoseError.KeyNotAllowed, $"The \"p2c\" is not between {MinimumIterations} and {maxIterations}.");
        }

        if (StrictBase64Url.Decode(Text(json, "p2s"), "The \"p2s\"").Length is < MinimumSaltLength or > MaximumSaltLength)
        {
            throw new JoseException(JoseError.Malformed, "The \"p2s\" is too short or too long.");
        }

        if (json.TryGetProperty("cty", out var cty))
        {
            _ = StrictJson.String(cty, "The \"cty\"");
        }
    }

    private static string Text(in JsonElement json, string name)
        => json.TryGetProperty(name, out var value)
            ? StrictJson.String(value, $"The \"{name}\"")
            : throw new JoseException(JoseError.Malformed, $"The encrypted object has no \"{name}\".");

    private static void Require(in JsonElement json, string name, string expected)
    {
        if (Text(json, name) != expected)
        {
            throw new JoseException(JoseError.AlgorithmNotAllowed, $"The \"{name}\" is not {expected}.");
        }
    }
}

/// <summary>The five parts of a JWE in compact (RFC 7516 section 7.1) or flattened JSON form (section 7.2.2), still base64url.</summary>
internal sealed record JweParts(string Protected, string EncryptedKey, string Iv, string Ciphertext, string Tag)
{
    private const int MaxLength = 65536;

    private static readonly string[] Members = ["protected", "encrypted_key", "iv", "ciphertext", "tag"];

    public string ToCompact() => string.Join('.', Protected, EncryptedKey, Iv, Ciphertext, Tag);

    public static JweParts Parse(string text)
    {
        if (text.Length > MaxLength)
        {
            throw new JoseException(JoseError.Malformed, "The encrypted object is too long.");
        }

        var parts = text.StartsWith('{') ? Flattened(text) : text.Split('.');
        return parts.Length == Members.Length
            ? new JweParts(parts[0], parts[1], parts[2], parts[3], parts[4])
            : throw new JoseException(JoseError.Malformed, "The encrypted object does not have five parts.");
    }

    // Exactly these members: a shared or per-recipient header outside the integrity protection is not supported.
    private static string[] Flattened(string text)
    {
        const string what = "The encrypted object";
        var json = StrictJson.ParseDetached(Encoding.UTF8.GetBytes(text), what);
        return [.. json.EnumerateObject()
            .OrderBy(member => Array.IndexOf(Members, member.Name) is >= 0 and var place
                ? place
                : throw new JoseException(JoseError.Malformed, "The encrypted object has unknown members."))
            .Select(member => StrictJson.String(member.Value, what))];
    }
}
