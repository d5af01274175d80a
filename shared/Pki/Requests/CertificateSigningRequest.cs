using System.Security.Cryptography;
using IoTPlatform.Pki.Crypto;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Pki;

/// <summary>
/// A verified request: its sender has proved possession of the private key. Reading PKCS#10 (RFC 2986) verifies its signature once; who has an instance need not,
/// and cannot, verify it again. The encoding is whatever devices send; key and hash are on the allow-list.
/// </summary>
public sealed class CertificateSigningRequest
{
    /// <summary>Of DER; PEM may be 4/3 as long and a little.</summary>
    public const int DefaultMaxBytes = 16384;

    internal CertificateSigningRequest() { }

    /// <summary>As it was sent; empty for <see cref="Of"/>.</summary>
    public ReadOnlyMemory<byte> Der { get; internal init; }

    /// <summary>The key in our own DER, whatever the request's encoding was.</summary>
    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; internal init; }

    public KeyKind Key { get; internal init; }

    /// <summary>32 bytes.</summary>
    public byte[] SubjectPublicKeyInfoSha256 { get; internal init; } = [];

    /// <summary>The CN and the requested DNS, IP, e-mail and URI names, well-formed (<see cref="SubjectNames.Validate"/>). Further attributes and kinds are passed over.</summary>
    public SubjectNames Names { get; internal init; } = new();

    /// <summary>The request asks for basicConstraints CA:TRUE or key usage keyCertSign.</summary>
    public bool RequestsCa { get; internal init; }

    /// <summary>What else the request says; read when asked for, and nobody's proof.</summary>
    public RequestContents ReadContents() => RequestContents.Read(Der.Span);

    /// <summary>One PEM block "CERTIFICATE REQUEST" (or "NEW CERTIFICATE REQUEST"), nothing else around it but white space.</summary>
    public static CertificateSigningRequest ParsePem(string pem, int maxBytes = DefaultMaxBytes)
    {
        if (pem.Length > (maxBytes * 3L / 2) + 256)
        {
            throw CsrParser.TooLarge(maxBytes);
        }

        return ParseDer(Pem.DecodeSingle(pem, "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"), maxBytes);
    }

    public static CertificateSigningRequest ParseDer(ReadOnlyMemory<byte> der, int maxBytes = DefaultMaxBytes) => CsrParser.Parse(der, maxBytes);

    /// <summary>One that was read, and so verified, before it was stored.</summary>
    public static CertificateSigningRequest FromStore(ReadOnlyMemory<byte> der) => CsrParser.Parse(der, DefaultMaxBytes, isVerified: true);

    /// <summary>For a key of our own: the private key at hand is the proof.</summary>
    public static CertificateSigningRequest Of(ECDsa key)
    {
        var publicKey = key.ExportSubjectPublicKeyInfo();
        return new() { SubjectPublicKeyInfo = publicKey, Key = PublicKeyInfo.Parse(publicKey).Kind, SubjectPublicKeyInfoSha256 = SHA256.HashData(publicKey) };
    }

    /// <summary>A request for these names, signed with the hash that fits the curve.</summary>
    public static string CreatePem(ECDsa key, SubjectNames names) => CsrWriter.CreatePem(key, names);
}
