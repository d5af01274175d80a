using System.Buffers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using IoTPlatform.Jose.Json;
using IoTPlatform.Jose.Keys;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Jose;

/// <summary>
/// JSON Web Keys (RFC 7517, 7518, 8037), read strictly: EC P-256, P-384, P-521; RSA of 2048 to 8192 bits; OKP Ed25519 (verifies only).
/// The library's own constructor from JSON takes anything and is not for what others send.
/// </summary>
public static class JsonWebKeyExtensions
{
    private const int MaxLength = 16384;
    private const string Ed25519Oid = "1.3.101.112";

    extension(JsonWebKey)
    {
        public static JsonWebKey Parse(ReadOnlySpan<byte> utf8Json)
            => utf8Json.Length <= MaxLength
                ? JsonWebKeyReader.Read(StrictJson.ParseDetached(utf8Json, "The key"))
                : throw new JoseException(JoseError.Malformed, "The key is too long.");

        public static JsonWebKey Parse(string json)
            => json.Length <= MaxLength
                ? JsonWebKey.Parse(Encoding.UTF8.GetBytes(json))
                : throw new JoseException(JoseError.Malformed, "The key is too long.");

        public static JsonWebKey FromPublicKey(ECDsa key) => From(key.ExportParameters(includePrivateParameters: false));

        public static JsonWebKey FromPrivateKey(ECDsa key) => From(key.ExportParameters(includePrivateParameters: true));

        public static JsonWebKey FromPublicKey(RSA key)
        {
            var parameters = key.ExportParameters(includePrivateParameters: false);
            var jwk = new JsonWebKey { Kty = "RSA", N = StrictBase64Url.Encode(parameters.Modulus), E = StrictBase64Url.Encode(parameters.Exponent) };
            _ = KeyParameters.Rsa(jwk);
            return jwk;
        }

        /// <summary>From a DER SubjectPublicKeyInfo: EC, RSA or Ed25519.</summary>
        public static JsonWebKey FromSubjectPublicKeyInfo(ReadOnlySpan<byte> spki)
        {
            try
            {
                var key = PublicKey.CreateFromSubjectPublicKeyInfo(spki, out var read);
                using var ec = key.GetECDsaPublicKey();
                using var rsa = key.GetRSAPublicKey();
                var jwk = read != spki.Length ? throw new JoseException(JoseError.Malformed, "Bytes follow the public key.")
                    : ec is not null ? JsonWebKey.FromPublicKey(ec)
                    : rsa is not null ? JsonWebKey.FromPublicKey(rsa)
                    : key.Oid.Value == Ed25519Oid ? new JsonWebKey { Kty = "OKP", Crv = "Ed25519", X = StrictBase64Url.Encode(key.EncodedKeyValue.RawData) }
                    : throw new JoseException(JoseError.KeyNotAllowed, "The public key is neither EC nor RSA nor Ed25519.");
                if (jwk.Kty == "OKP")
                {
                    _ = KeyParameters.Ed25519(jwk);
                }

                return jwk;
            }
            catch (CryptographicException e)
            {
                throw new JoseException(JoseError.Malformed, "The public key is not a usable SubjectPublicKeyInfo.", e);
            }
        }
    }

    extension(JsonWebKey key)
    {
        /// <summary>The library's HasPrivateKey is false for every OKP key.</summary>
        public bool IsPrivate => key.D is not null;

        /// <summary>The algorithm is of the key's type and curve, and the key's own if it names one.</summary>
        public bool Fits(string algorithm) => SignatureAlgorithm.All.Any(known => known.Name == algorithm && known.Fits(key));

        /// <summary>RFC 7638 SHA-256 thumbprint, base64url.</summary>
        public string Thumbprint() => StrictBase64Url.Encode(key.Kty == "OKP"
            ? SHA256.HashData(Encoding.UTF8.GetBytes($$"""{"crv":"{{key.Crv}}","kty":"OKP","x":"{{key.X}}"}"""))
            : key.ComputeJwkThumbprint());

        public JsonWebKey ToPublic() => new()
        {
            Use = key.Use,
            Kty = key.Kty,
            KeyId = key.KeyId,
            Crv = key.Crv,
            Alg = key.Alg,
            N = key.N,
            E = key.E,
            X = key.X,
            Y = key.Y,
        };

        /// <summary>Members in step-ca's order: use, kty, kid, crv, alg, then the key's own.</summary>
        public string ToJson(bool includePrivate = false)
        {
            var buffer = new ArrayBufferWriter<byte>(512);
            using (var writer = new Utf8JsonWriter(buffer))
            {
                writer.WriteStartObject();
                Write(writer, [("use", key.Use), ("kty", key.Kty), ("kid", key.KeyId), ("crv", key.Crv), ("alg", key.Alg), ("n", key.N), ("e", key.E), ("x", key.X), ("y", key.Y)]);
                if (includePrivate)
                {
                    Write(writer, [("d", key.D), ("p", key.P), ("q", key.Q), ("dp", key.DP), ("dq", key.DQ), ("qi", key.QI)]);
                }

                writer.WriteEndObject();
            }

            return Encoding.UTF8.GetString(buffer.WrittenSpan);
        }

        /// <summary>A new key object, private if this one is. The caller disposes it.</summary>
        public ECDsa ToECDsa()
        {
            var parameters = KeyParameters.Ec(key);
            try
            {
                return ECDsa.Create(parameters);
            }
            catch (CryptographicException e)
            {
                throw new JoseException(JoseError.KeyNotAllowed, "The key is not a point on its curve, or its private part is another key's.", e);
            }
        }

        /// <summary>A new key object, private if this one is. The caller disposes it.</summary>
        public RSA ToRsa()
        {
            var parameters = KeyParameters.Rsa(key);
            try
            {
                return RSA.Create(parameters);
            }
            catch (CryptographicException e)
            {
                throw new JoseException(JoseError.KeyNotAllowed, "The RSA key is inconsistent.", e);
            }
        }
    }

    private static JsonWebKey From(ECParameters parameters) => new()
    {
        Kty = "EC",
        Crv = EcCurve.Of(parameters.Curve).Name,
        X = StrictBase64Url.Encode(parameters.Q.X),
        Y = StrictBase64Url.Encode(parameters.Q.Y),
        D = parameters.D is null ? null : StrictBase64Url.Encode(parameters.D),
    };

    private static void Write(Utf8JsonWriter writer, ReadOnlySpan<(string Name, string? Value)> members)
    {
        foreach (var (name, value) in members)
        {
            if (value is not null)
            {
                writer.WriteString(name, value);
            }
        }
    }
}
