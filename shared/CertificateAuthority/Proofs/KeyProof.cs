using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IoTPlatform.Jose;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>Proof of possession of a CA key: a JWT of at most five minutes, typ <c>iot-key-proof+jwt</c>, for one subject and one URL.</summary>
public static class KeyProof
{
    public const string Type = "iot-key-proof+jwt";

    public static readonly TimeSpan MaxLifetime = TimeSpan.FromMinutes(5);

    private static readonly string[] RegisteredClaims = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];
    private static readonly AlgorithmSet Algorithms = AlgorithmSet.Of("ES256", "ES384", "ES512");

    public static string Create(CaKey key, string subject, Uri audience, TimeProvider time, IReadOnlyDictionary<string, string>? extra = null)
    {
        var now = time.GetUtcNow();
        var claims = new Dictionary<string, object>
        {
            ["sub"] = subject,
            ["aud"] = audience.AbsoluteUri,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + MaxLifetime).ToUnixTimeSeconds(),
            ["jti"] = RandomNumberGenerator.GetHexString(32, lowercase: true),
        };
        foreach (var (name, value) in extra ?? new Dictionary<string, string>())
        {
            if (!claims.TryAdd(name, value))
            {
                throw new ArgumentException("An extra claim may not replace one of the proof's own.", nameof(extra));
            }
        }

        return Jwt.Sign(claims, new CaKeySignature(key), Type);
    }

    /// <summary>Throws <c>JoseException</c> unless the proof was made by the key of <paramref name="subjectPublicKeyInfo"/> for this subject and audience, now.</summary>
    public static KeyProofClaims Verify(string proof, ReadOnlySpan<byte> subjectPublicKeyInfo, string subject, Uri audience, TimeProvider time)
    {
        var jws = CompactJws.Parse(proof);
        if (!string.Equals(jws.Header.Type, Type, StringComparison.Ordinal))
        {
            throw new JoseException(JoseError.Malformed, "The token is not a key proof.");
        }

        using var key = VerificationKey.FromSubjectPublicKeyInfo(subjectPublicKeyInfo);
        if (!jws.Verify(key, Algorithms))
        {
            throw new JoseException(JoseError.BadSignature, "The proof was made with another key.");
        }

        var claims = JwtClaims.Parse(jws.Payload);
        new JwtPolicy
        {
            Audiences = [audience.AbsoluteUri],
            MaxLifetime = MaxLifetime,
            RequiredClaims = ["sub", "aud", "iat", "nbf", "exp", "jti"],
        }.Check(claims, time.GetUtcNow());
        if (!string.Equals(claims.Subject, subject, StringComparison.Ordinal))
        {
            throw new JoseException(JoseError.BadIssuer, "The proof is for another subject.");
        }

        return new KeyProofClaims(subject, claims.JwtId!, claims.IssuedAt!.Value, claims.Expires!.Value, Extra(jws.Payload));
    }

    private static Dictionary<string, string> Extra(ReadOnlyMemory<byte> payload)
    {
        using var json = JsonDocument.Parse(payload);
        return json.RootElement.EnumerateObject()
            .Where(p => p.Value.ValueKind == JsonValueKind.String && !RegisteredClaims.Contains(p.Name, StringComparer.Ordinal))
            .ToDictionary(p => p.Name, p => p.Value.GetString()!, StringComparer.Ordinal);
    }
}

/// <summary>What a verified proof says.</summary>
/// <param name="Id">jti: unique per proof.</param>
/// <param name="Extra">The further string claims.</param>
public sealed record KeyProofClaims(string Subject, string Id, DateTimeOffset IssuedAt, DateTimeOffset Expires, IReadOnlyDictionary<string, string> Extra)
{
    // Longer than any clock difference a proof is accepted with.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    /// <summary>Recorded when used, so that an intercepted proof cannot be replayed.</summary>
    /// <param name="subjectPublicKeyInfo">The key that made it: another key's proof may have the same id.</param>
    public UsedToken ToUsedToken(ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.ASCII.GetBytes(KeyProof.Type));
        hash.AppendData(SHA256.HashData(subjectPublicKeyInfo));
        hash.AppendData(Encoding.UTF8.GetBytes(Id));
        return new UsedToken(hash.GetHashAndReset(), Expires.ToUniversalTime() + Margin);
    }
}

/// <summary>A CA key as JWS signer; the key itself refuses anything that could be a certificate.</summary>
internal sealed class CaKeySignature(CaKey key) : ISignatureKey
{
    public string Algorithm => key.ProofAlgorithm;

    public string? KeyId => null;

    public byte[] Sign(ReadOnlySpan<byte> data) => key.SignProof(data);
}
