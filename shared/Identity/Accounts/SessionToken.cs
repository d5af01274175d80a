using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace IoTPlatform.Identity;

/// <summary>An opaque bearer token of 256 random bits, 43 characters of base64url. Stored only as its SHA-256; so much entropy needs no salt.</summary>
internal static class SessionToken
{
    private const int Bytes = 32;
    private const int Characters = 43;

    public static string Create() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>Whether it could be one of ours at all; other bearer tokens (JWTs) are left to their own endpoints.</summary>
    public static bool IsOne(string token) => token.Length == Characters && Base64Url.IsValid(token);

    public static byte[] Hash(string token) => SHA256.HashData(Encoding.ASCII.GetBytes(token));
}
