using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace IoTPlatform.Tenant.Features.Enrollment;

/// <summary>An enrolment token: <c>iot-enroll-</c> and 256 random bits in base64url. Only its SHA-256 is stored; at that entropy it needs no slow hash.</summary>
internal static class EnrollmentSecret
{
    private const string Prefix = "iot-enroll-";
    private const int Bytes = 32;

    // 43 characters: 32 bytes without padding.
    private const int Length = 11 + 43;

    public static string Create() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    public static byte[] Hash(string token) => SHA256.HashData(Encoding.ASCII.GetBytes(token));

    /// <summary>False for anything that cannot be an enrolment token.</summary>
    public static bool TryHash(string? token, [NotNullWhen(true)] out byte[]? hash)
    {
        hash = token is { Length: Length } && token.StartsWith(Prefix, StringComparison.Ordinal) && Base64Url.IsValid(token.AsSpan(Prefix.Length)) ? Hash(token) : null;
        return hash is not null;
    }
}
