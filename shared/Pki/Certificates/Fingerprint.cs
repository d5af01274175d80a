using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>SHA-256 fingerprints as step prints them: lower-case hex.</summary>
public static class Fingerprint
{
    public static string Sha256Hex(ReadOnlySpan<byte> der) => Convert.ToHexStringLower(SHA256.HashData(der));

    public static string Of(X509Certificate2 certificate) => Sha256Hex(certificate.RawDataMemory.Span);
}
