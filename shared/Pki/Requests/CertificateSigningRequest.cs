using System.Security.Cryptography;

namespace IoTPlatform.Pki;

/// <summary>A PKCS#10 request (RFC 2986): strict DER, its key and hash on the allow-list, its signature verified exactly once, on parsing.</summary>
public sealed class CertificateSigningRequest
{
    public const int DefaultMaxBytes = 16384;

    private CertificateSigningRequest() { }

    public ReadOnlyMemory<byte> Der { get; private init; }

    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; private init; }

    public KeyKind Key { get; private init; }

    /// <summary>32 bytes.</summary>
    public byte[] SubjectPublicKeyInfoSha256 { get; private init; } = [];

    public SubjectNames Names { get; private init; } = new();

    /// <summary>The request asks for basicConstraints CA:TRUE.</summary>
    public bool RequestsCa { get; private init; }

    /// <summary>One PEM block "CERTIFICATE REQUEST" (or "NEW CERTIFICATE REQUEST"), nothing else around it but white space.</summary>
    public static CertificateSigningRequest ParsePem(string pem, int maxBytes = DefaultMaxBytes) => throw new NotImplementedException();

    public static CertificateSigningRequest ParseDer(ReadOnlyMemory<byte> der, int maxBytes = DefaultMaxBytes) => throw new NotImplementedException();

    public static string CreatePem(ECDsa key, SubjectNames names) => throw new NotImplementedException();
}
