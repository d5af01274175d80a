using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using IoTPlatform.Pki;

namespace IoTPlatform.Client;

/// <summary>The platform root a client trusts, and nothing else: system roots play no part. Below it a server is known by its identity.</summary>
public sealed class RootTrust
{
    private const int MaxAnswerBytes = 64 * 1024;

    private RootTrust(X509Certificate2 root)
    {
        Root = root;
        Fingerprint = FingerprintOf(root);
    }

    public X509Certificate2 Root { get; }

    /// <summary>Lower-case hex SHA-256 of the root's DER.</summary>
    public string Fingerprint { get; }

    /// <summary>The provider's API below this root.</summary>
    /// <param name="platformDomain">Where it is known.</param>
    /// <param name="time">Null: the system's.</param>
    public ServerVerifier Provider(string? platformDomain = null, TimeProvider? time = null) => ServerVerifier.ForPlatform(Root, ServerIdentity.Provider(platformDomain), time);

    /// <summary>One tenant's API below this root.</summary>
    /// <param name="trustDomain">The tenant's SPIFFE trust domain.</param>
    /// <param name="time">Null: the system's.</param>
    public ServerVerifier Tenant(string trustDomain, TimeProvider? time = null) => ServerVerifier.ForPlatform(Root, ServerIdentity.Tenant(trustDomain), time);

    public static RootTrust FromCertificate(X509Certificate2 root) => new(root);

    public static RootTrust FromPem(string pem) => new(X509Certificate2.CreateFromPem(pem));

    /// <summary>
    /// Asks an unverified server for its root and keeps it only if it hashes to <paramref name="fingerprint"/> (hex SHA-256,
    /// colons allowed), so that the fingerprint is the whole trust decision.
    /// </summary>
    /// <exception cref="UnreachableException">No answer, or the answer is another certificate.</exception>
    public static async Task<RootTrust> FetchAsync(Uri baseUrl, string fingerprint, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var wanted = Normalize(fingerprint);
        using var http = PlatformHttp.CreateUnverified(baseUrl, timeout ?? TimeSpan.FromSeconds(15), MaxAnswerBytes);
        var body = await ApiTransport.GetBytesAsync(http, $"root/{wanted}", cancellationToken);
        return FromAnswer(baseUrl, body, wanted);
    }

    /// <summary>64 lower-case hex digits; throws <see cref="FormatException"/> for anything that is no SHA-256.</summary>
    public static string Normalize(string fingerprint)
    {
        var hex = fingerprint.Replace(":", "", StringComparison.Ordinal).Trim();
        return hex.Length == 64 && hex.All(char.IsAsciiHexDigit)
            ? hex.ToLowerInvariant()
            : throw new FormatException("a root fingerprint is the SHA-256 of the root certificate: 64 hex digits");
    }

    private static RootTrust FromAnswer(Uri server, byte[] body, string wanted)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = X509Certificate2.CreateFromPem(json.RootElement.GetProperty("ca").GetString());
            return CryptographicOperations.FixedTimeEquals(Convert.FromHexString(wanted), SHA256.HashData(root.RawData))
                ? new RootTrust(root)
                : throw new UnreachableException(server, UnreachableReason.Untrusted, $"{server} answered another root certificate ({FingerprintOf(root)}) than the fingerprint asked for");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or CryptographicException or ArgumentException)
        {
            throw new UnreachableException(server, UnreachableReason.NotThisApi, $"{server} did not answer with a root certificate", e);
        }
    }

    private static string FingerprintOf(X509Certificate2 certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.RawData));
}
