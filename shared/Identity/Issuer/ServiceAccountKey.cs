using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Identity.Issuer;

/// <summary>What a service account proves itself with: one of the two. A class, not a record: it would print the secret.</summary>
internal sealed class Credential
{
    private const int SecretBytes = 32;

    private Credential(string? secret, string? keySet) => (Secret, KeySet) = (secret, keySet);

    public string? Secret { get; }

    /// <summary>JSON (RFC 7517 section 5).</summary>
    public string? KeySet { get; }

    public string Name => Secret is null ? ServiceAccountView.Key : ServiceAccountView.Secret;

    /// <param name="publicKey">PEM; null: a new secret.</param>
    public static Credential Of(string? publicKey) => publicKey is null
        ? new Credential(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes)), keySet: null)
        : new Credential(secret: null, new JsonObject { ["keys"] = new JsonArray(ServiceAccountKey.Of(publicKey)) }.ToJsonString());
}

/// <summary>The public key of a client that signs its own assertions (<c>private_key_jwt</c>, OpenID Connect Core 1.0 section 9): P-256, P-384, or RSA from 2048 bits on.</summary>
internal static class ServiceAccountKey
{
    private const int MinRsaBits = 2048;
    private const int MaxRsaBits = 4096;
    private const int LongestPem = 4096;

    /// <param name="pem">SubjectPublicKeyInfo. Throws <see cref="ProblemException"/> 400 for anything else, also for a private key.</param>
    public static JsonObject Of(string pem)
    {
        if (pem.Length > LongestPem || !pem.Contains("-----BEGIN PUBLIC KEY-----", StringComparison.Ordinal) || pem.Contains("PRIVATE", StringComparison.Ordinal))
        {
            throw Bad();
        }

        try
        {
            var key = Ec(pem) ?? Rsa(pem) ?? throw Bad();
            var members = new JsonObject { ["kty"] = key.Kty, ["use"] = "sig", ["alg"] = key.Alg, ["kid"] = key.Thumbprint() };
            foreach (var (name, value) in new[] { ("crv", key.Crv), ("x", key.X), ("y", key.Y), ("n", key.N), ("e", key.E) })
            {
                if (value is not null)
                {
                    members[name] = value;
                }
            }

            return members;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw Bad(e);
        }
    }

    private static JsonWebKey? Ec(string pem)
    {
        using var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            return null; // of another kind
        }

        var parameters = key.ExportParameters(includePrivateParameters: false);
        var (curve, algorithm) = key.KeySize switch
        {
            256 when parameters.Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value => ("P-256", SecurityAlgorithms.EcdsaSha256),
            384 when parameters.Curve.Oid.Value == ECCurve.NamedCurves.nistP384.Oid.Value => ("P-384", SecurityAlgorithms.EcdsaSha384),
            _ => throw Bad(),
        };
        return new JsonWebKey { Kty = "EC", Crv = curve, Alg = algorithm, X = Base64Url.EncodeToString(parameters.Q.X), Y = Base64Url.EncodeToString(parameters.Q.Y) };
    }

    private static JsonWebKey? Rsa(string pem)
    {
        using var key = RSA.Create();
        key.ImportFromPem(pem);
        if (key.KeySize is < MinRsaBits or > MaxRsaBits)
        {
            throw Bad();
        }

        var parameters = key.ExportParameters(includePrivateParameters: false);
        return new JsonWebKey { Kty = "RSA", Alg = SecurityAlgorithms.RsaSha256, N = Base64Url.EncodeToString(parameters.Modulus), E = Base64Url.EncodeToString(parameters.Exponent) };
    }

    private static ProblemException Bad(Exception? inner = null) =>
        new(400, "bad_public_key", $"public_key must be a PEM public key (SubjectPublicKeyInfo): P-256, P-384, or RSA of {MinRsaBits} to {MaxRsaBits} bits.", inner: inner);
}
