using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;

namespace IoTPlatform.Tenant.Features.Enrollment;

/// <summary>What came with the request to authorise it. A class, not a record: the hash stands for a secret.</summary>
internal sealed class EnrollmentCredential
{
    /// <summary>Null unless a well-formed token was sent.</summary>
    public byte[]? TokenHash { get; init; }

    /// <summary>Any client certificate; nothing about it has been checked.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>DER of what was sent after it in the handshake.</summary>
    public IReadOnlyList<byte[]> Issuers => Certificate is { } certificate ? PresentedIssuers.Of(certificate) : [];

    /// <summary>As limiters see it.</summary>
    public required string Address { get; init; }

    /// <summary>Stands for the credential in limiters; null: there is none.</summary>
    public string? Fingerprint => TokenHash is { } hash ? Convert.ToHexStringLower(hash) : Certificate is { } certificate ? Pki.Fingerprint.Sha256Hex(certificate.RawDataMemory.Span) : null;

    public bool IsEmpty => TokenHash is null && Certificate is null;

    public static EnrollmentCredential Of(string token, string address) => new() { TokenHash = EnrollmentSecret.TryHash(token, out var hash) ? hash : null, Address = address };

    public static EnrollmentCredential From(HttpContext http) => new()
    {
        TokenHash = EnrollmentSecret.TryHash(BearerToken.Of(http.Request), out var hash) ? hash : null,
        Certificate = http.Connection.ClientCertificate,
        Address = ClientAddress.Of(http),
    };
}

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
