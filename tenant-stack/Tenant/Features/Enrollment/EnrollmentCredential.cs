using System.Security.Cryptography.X509Certificates;
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

    public static EnrollmentCredential From(HttpContext http) => new()
    {
        TokenHash = EnrollmentSecret.TryHash(BearerToken.Of(http.Request), out var hash) ? hash : null,
        Certificate = http.Connection.ClientCertificate,
        Address = ClientAddress.Of(http),
    };
}
