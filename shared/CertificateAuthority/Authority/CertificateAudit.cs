using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using IoTPlatform.Database;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>JSON for the audit log. What is written for every certificate is put together by hand, for speed: only hex, numbers and fixed names, unescaped.</summary>
internal static class CertificateAudit
{
    /// <summary>The fingerprint ties the entry to the stored certificate; the key identifier says which CA key was used.</summary>
    public static string Of(ReadOnlySpan<byte> serial, string profile, ReadOnlySpan<byte> der, ReadOnlySpan<byte> issuerKeyId)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(der, hash);
        return $$"""{"serial":"{{Convert.ToHexString(serial)}}","profile":"{{profile}}","sha256":"{{Convert.ToHexStringLower(hash)}}","issuer_key_id":"{{Convert.ToHexStringLower(issuerKeyId)}}"}""";
    }

    public static string OfIntent(ReadOnlySpan<byte> serial, string profile, ReadOnlySpan<byte> tbsSha256) =>
        $$"""{"serial":"{{Convert.ToHexString(serial)}}","profile":"{{profile}}","tbs_sha256":"{{Convert.ToHexStringLower(tbsSha256)}}"}""";

    public static string OfRevocation(ReadOnlySpan<byte> serial, RevocationReason reasonCode, DateTimeOffset? invalidSince) => AuditDetails.Of(
        ("serial", Convert.ToHexString(serial)), ("reason_code", (int)reasonCode), ("invalid_since", invalidSince?.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)));

    public static string OfRelease(ReadOnlySpan<byte> serial, string? reason) => AuditDetails.Of(("serial", Convert.ToHexString(serial)), ("reason", reason));

    /// <param name="subjects">How many; null: it is not about subjects.</param>
    public static string OfMany(RevocationReason reasonCode, string? reason, int? subjects) =>
        AuditDetails.Of(("reason_code", (int)reasonCode), ("reason", reason), ("subjects", subjects));

    public static string OfSubject(string profile, RevocationReason? reasonCode, string? reason) =>
        AuditDetails.Of(("profile", profile), ("reason_code", (int?)reasonCode), ("reason", reason));
}

internal static class Bytes
{
    /// <summary>The array behind the memory when it is exactly that, else a copy.</summary>
    public static byte[] ToArray(ReadOnlyMemory<byte> memory) =>
        MemoryMarshal.TryGetArray(memory, out var segment) && segment.Offset == 0 && segment.Count == segment.Array!.Length ? segment.Array : memory.ToArray();
}
