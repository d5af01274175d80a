using System.Buffers.Binary;
using System.Security.Cryptography;
using IoTPlatform.Jose.Json;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Jose.Keys;

/// <summary>From a <see cref="JsonWebKey"/>, which may hold anything, to numbers within bounds. Every use of a key comes through here.</summary>
internal static class KeyParameters
{
    private const int MinimumRsaBits = 2048;
    private const int MaximumRsaBits = 8192;
    private const int Ed25519Length = 32;

    /// <summary>Throws <see cref="JoseException"/> unless the key is one that is allowed, and whole.</summary>
    public static void Require(JsonWebKey key)
    {
        switch (key.Kty)
        {
            // The import refuses a point that isn't on the curve and a private key that isn't the public one's.
            case "EC":
                key.ToECDsa().Dispose();
                break;
            case "RSA":
                key.ToRsa().Dispose();
                break;
            case "OKP" when key.Crv == "Ed25519":
                _ = Ed25519(key);
                _ = key.D is null ? null : Octets(key.D, "d", Ed25519Length);
                break;
            case "OKP":
                throw new JoseException(JoseError.KeyNotAllowed, "The key's curve is not Ed25519.");
            case null:
                throw new JoseException(JoseError.Malformed, "The key has no \"kty\".");
            default:
                throw new JoseException(JoseError.KeyNotAllowed, "The key's type is not EC, RSA or OKP.");
        }
    }

    /// <summary>RFC 7518 section 6.2.</summary>
    public static ECParameters Ec(JsonWebKey key)
    {
        var curve = key.Kty == "EC" ? EcCurve.ByName(key.Crv) : throw new JoseException(JoseError.KeyNotAllowed, "The key is not an EC key.");
        return new ECParameters
        {
            Curve = curve.ToECCurve(),
            Q = new ECPoint { X = Octets(key.X, "x", curve.CoordinateLength), Y = Octets(key.Y, "y", curve.CoordinateLength) },
            D = key.D is null ? null : Octets(key.D, "d", curve.CoordinateLength),
        };
    }

    /// <summary>RFC 8037 section 2: the public key.</summary>
    public static byte[] Ed25519(JsonWebKey key) =>
        key is { Kty: "OKP", Crv: "Ed25519" } ? Octets(key.X, "x", Ed25519Length) : throw new JoseException(JoseError.KeyNotAllowed, "The key is not an Ed25519 key.");

    /// <summary>RFC 7518 section 6.3: 2048 to 8192 bits, a public exponent of 65537 to 2^32-1, both primes and the CRT values if private.</summary>
    public static RSAParameters Rsa(JsonWebKey key)
    {
        if (key.Kty != "RSA")
        {
            throw new JoseException(JoseError.KeyNotAllowed, "The key is not an RSA key.");
        }

        var parameters = new RSAParameters { Modulus = UInt(key.N, "n"), Exponent = UInt(key.E, "e") };
        RequireStrength(parameters.Modulus, parameters.Exponent);
        if (key.D is not null)
        {
            var half = (parameters.Modulus.Length + 1) / 2;
            parameters.D = UInt(key.D, "d", parameters.Modulus.Length);
            parameters.P = UInt(key.P, "p", half);
            parameters.Q = UInt(key.Q, "q", half);
            parameters.DP = UInt(key.DP, "dp", half);
            parameters.DQ = UInt(key.DQ, "dq", half);
            parameters.InverseQ = UInt(key.QI, "qi", half);
        }

        return parameters;
    }

    private static void RequireStrength(byte[] modulus, byte[] exponent)
    {
        // An even modulus or exponent is no RSA key; a small exponent invites the attacks on bad padding.
        var bits = modulus.Length * 8 - byte.LeadingZeroCount(modulus[0]);
        if (bits is < MinimumRsaBits or > MaximumRsaBits || (modulus[^1] & 1) == 0)
        {
            throw new JoseException(JoseError.KeyNotAllowed, $"An RSA key has {MinimumRsaBits} to {MaximumRsaBits} bits.");
        }

        if (exponent.Length > sizeof(uint))
        {
            throw new JoseException(JoseError.KeyNotAllowed, "The RSA public exponent is too large.");
        }

        if (BinaryPrimitives.ReadUInt32BigEndian([.. new byte[sizeof(uint) - exponent.Length], .. exponent]) is var e && (e < 65537 || e % 2 == 0))
        {
            throw new JoseException(JoseError.KeyNotAllowed, "The RSA public exponent is below 65537 or even.");
        }
    }

    private static byte[] Octets(string? text, string name)
        => StrictBase64Url.Decode(text ?? throw new JoseException(JoseError.Malformed, $"The key has no \"{name}\"."), $"The key's \"{name}\"");

    /// <summary>Octets of a fixed length (RFC 7518 section 6.2.1.2: coordinates are padded to the field's size).</summary>
    private static byte[] Octets(string? text, string name, int length)
        => Octets(text, name) is { } bytes && bytes.Length == length
            ? bytes
            : throw new JoseException(JoseError.Malformed, $"The key's \"{name}\" is not {length} bytes long.");

    /// <summary>Base64urlUInt (RFC 7518 section 2): no leading zero bytes.</summary>
    private static byte[] UInt(string? text, string name)
        => Octets(text, name) is [not 0, ..] bytes
            ? bytes
            : throw new JoseException(JoseError.Malformed, $"The key's \"{name}\" is not a minimal unsigned integer.");

    /// <summary>The same in the width that the BCL wants.</summary>
    private static byte[] UInt(string? text, string name, int width)
        => UInt(text, name) is { } bytes && bytes.Length <= width
            ? [.. new byte[width - bytes.Length], .. bytes]
            : throw new JoseException(JoseError.KeyNotAllowed, "The RSA key is inconsistent.");
}

/// <summary>A curve of RFC 7518 section 6.2.1.1 with the one algorithm it signs with (section 3.4).</summary>
internal sealed record EcCurve(string Name, string Oid, int CoordinateLength, string Algorithm, HashAlgorithmName Hash)
{
    public static readonly EcCurve P256 = new("P-256", "1.2.840.10045.3.1.7", 32, "ES256", HashAlgorithmName.SHA256);
    public static readonly EcCurve P384 = new("P-384", "1.3.132.0.34", 48, "ES384", HashAlgorithmName.SHA384);
    public static readonly EcCurve P521 = new("P-521", "1.3.132.0.35", 66, "ES512", HashAlgorithmName.SHA512);

    private static readonly EcCurve[] All = [P256, P384, P521];

    public int SignatureLength => 2 * CoordinateLength;

    public ECCurve ToECCurve() => ECCurve.CreateFromValue(Oid);

    public static EcCurve ByName(string? name)
        => Array.Find(All, curve => curve.Name == name)
            ?? throw new JoseException(JoseError.KeyNotAllowed, "The key's curve is not P-256, P-384 or P-521.");

    public static EcCurve Of(ECCurve curve)
        => curve.IsNamed && Array.Find(All, known => known.Oid == curve.Oid.Value) is { } found
            ? found
            : throw new JoseException(JoseError.KeyNotAllowed, "The key's curve is not P-256, P-384 or P-521.");
}
