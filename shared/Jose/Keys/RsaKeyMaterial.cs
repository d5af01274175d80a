using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using IoTPlatform.Jose.Json;

namespace IoTPlatform.Jose.Keys;

/// <summary>RFC 7518 section 6.3: 2048 to 8192 bits, a public exponent of 65537 to 2^32-1, both primes and the CRT values if private.</summary>
internal sealed class RsaKeyMaterial : KeyMaterial
{
    private const int MinimumBits = 2048;
    private const int MaximumBits = 8192;

    private readonly RSAParameters parameters;

    private RsaKeyMaterial(RSAParameters parameters) => this.parameters = parameters;

    public override string KeyType => "RSA";

    public override bool HasPrivateKey => parameters.D is not null;

    public static RsaKeyMaterial From(RSAParameters parameters)
    {
        RequireStrength(parameters);
        return new RsaKeyMaterial(parameters);
    }

    public static new RsaKeyMaterial Read(JwkMembers members)
    {
        if (members.Has("oth"))
        {
            throw new JoseException(JoseError.KeyNotAllowed, "An RSA key with more than two primes is not allowed.");
        }

        var parameters = new RSAParameters { Modulus = members.UInt("n"), Exponent = members.UInt("e") };
        RequireStrength(parameters);
        if (members.Has("d"))
        {
            var half = (parameters.Modulus!.Length + 1) / 2;
            parameters.D = Pad(members.UInt("d"), parameters.Modulus.Length);
            parameters.P = Pad(members.UInt("p"), half);
            parameters.Q = Pad(members.UInt("q"), half);
            parameters.DP = Pad(members.UInt("dp"), half);
            parameters.DQ = Pad(members.UInt("dq"), half);
            parameters.InverseQ = Pad(members.UInt("qi"), half);
        }

        var material = new RsaKeyMaterial(parameters);
        material.ToRsa().Dispose();
        return material;
    }

    public RSA ToRsa()
    {
        try
        {
            return RSA.Create(parameters);
        }
        catch (CryptographicException e)
        {
            throw new JoseException(JoseError.KeyNotAllowed, "The RSA key is inconsistent.", e);
        }
    }

    public override KeyMaterial ToPublic()
        => HasPrivateKey ? new RsaKeyMaterial(new RSAParameters { Modulus = parameters.Modulus, Exponent = parameters.Exponent }) : this;

    public override void WritePublic(Utf8JsonWriter writer)
    {
        writer.WriteString("n", StrictBase64Url.Encode(parameters.Modulus));
        writer.WriteString("e", StrictBase64Url.Encode(parameters.Exponent));
    }

    public override void WritePrivate(Utf8JsonWriter writer)
    {
        WriteUInt(writer, "d", parameters.D);
        WriteUInt(writer, "p", parameters.P);
        WriteUInt(writer, "q", parameters.Q);
        WriteUInt(writer, "dp", parameters.DP);
        WriteUInt(writer, "dq", parameters.DQ);
        WriteUInt(writer, "qi", parameters.InverseQ);
    }

    public override string ThumbprintInput()
        => $$"""{"e":"{{StrictBase64Url.Encode(parameters.Exponent)}}","kty":"RSA","n":"{{StrictBase64Url.Encode(parameters.Modulus)}}"}""";

    public override byte[] SubjectPublicKeyInfo()
    {
        using var key = ToRsa();
        return key.ExportSubjectPublicKeyInfo();
    }

    private static void RequireStrength(RSAParameters parameters)
    {
        // An even modulus or exponent is no RSA key; a small exponent invites the attacks on bad padding.
        var bits = parameters.Modulus!.Length * 8 - byte.LeadingZeroCount(parameters.Modulus[0]);
        if (bits is < MinimumBits or > MaximumBits || (parameters.Modulus[^1] & 1) == 0)
        {
            throw new JoseException(JoseError.KeyNotAllowed, $"An RSA key has {MinimumBits} to {MaximumBits} bits.");
        }

        Span<byte> exponent = stackalloc byte[4];
        if (parameters.Exponent!.Length > exponent.Length)
        {
            throw new JoseException(JoseError.KeyNotAllowed, "The RSA public exponent is too large.");
        }

        parameters.Exponent.CopyTo(exponent[^parameters.Exponent.Length..]);
        if (BinaryPrimitives.ReadUInt32BigEndian(exponent) is var e && (e < 65537 || e % 2 == 0))
        {
            throw new JoseException(JoseError.KeyNotAllowed, "The RSA public exponent is below 65537 or even.");
        }
    }

    private static byte[] Pad(byte[] value, int length)
    {
        if (value.Length > length)
        {
            throw new JoseException(JoseError.KeyNotAllowed, "The RSA key is inconsistent.");
        }

        var padded = new byte[length];
        value.CopyTo(padded.AsSpan(length - value.Length));
        return padded;
    }

    private static void WriteUInt(Utf8JsonWriter writer, string name, ReadOnlySpan<byte> value)
        => writer.WriteString(name, StrictBase64Url.Encode(value.TrimStart((byte)0)));
}
