using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using global::Jose;
using IoTPlatform.Jose.Json;

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
