using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;

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

    public required string RemoteAddress { get; init; }

    public bool IsEmpty => TokenHash is null && Certificate is null;

    public static EnrollmentCredential From(HttpContext http) => new()
    {
        TokenHash = EnrollmentSecret.TryHash(http.Request.Headers.Authorization, out var hash) ? hash : null,
        Certificate = http.Connection.ClientCertificate,
        RemoteAddress = http.Connection.RemoteIpAddress?.ToString() ?? "unknown",
    };
}
