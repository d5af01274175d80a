using System.Formats.Asn1;
using IoTPlatform.Pki.Asn1;

namespace IoTPlatform.Pki.Crypto;

/// <summary>A parsed SubjectPublicKeyInfo of an allowed kind and strength. That an EC point lies on its curve is checked when the key is used.</summary>
internal readonly ref struct PublicKeyInfo
{
    public const int MinRsaBits = 2048;
    public const int MaxRsaBits = 8192;
    private const uint MinRsaExponent = 65537;

    private PublicKeyInfo(KeyKind kind, ReadOnlySpan<byte> keyBits, ReadOnlySpan<byte> modulus = default, ReadOnlySpan<byte> exponent = default)
    {
        Kind = kind;
        KeyBits = keyBits;
        Modulus = modulus;
        Exponent = exponent;
    }

    public KeyKind Kind { get; }

    /// <summary>The content of subjectPublicKey: an uncompressed point, an RSAPublicKey or 32 octets of Ed25519.</summary>
    public ReadOnlySpan<byte> KeyBits { get; }

    public ReadOnlySpan<byte> Modulus { get; }

    public ReadOnlySpan<byte> Exponent { get; }

    /// <summary>Tolerant, it reads an encoding that others chose: what is certified is what <see cref="Encode"/> makes of it.</summary>
    public static PublicKeyInfo Parse(ReadOnlySpan<byte> subjectPublicKeyInfo, bool tolerant = false)
    {
        var outer = new DerReader(subjectPublicKeyInfo, tolerant);
        var spki = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        var algorithm = spki.ReadSequence();
        var oid = algorithm.ReadOid();
        var keyBits = spki.ReadBitString();
        spki.ThrowIfNotEmpty();

        if (oid.SequenceEqual(DerOid.EcPublicKey))
        {
            return EllipticCurve(algorithm, keyBits);
        }

        if (oid.SequenceEqual(DerOid.RsaEncryption))
        {
            if (tolerant)
            {
                algorithm.SkipNull();
            }
            else
            {
                algorithm.ReadNull();
            }

            algorithm.ThrowIfNotEmpty();
            return Rsa(keyBits, tolerant);
        }

        if (oid.SequenceEqual(DerOid.Ed25519))
        {
            if (tolerant)
            {
                algorithm.SkipNull();
            }

            algorithm.ThrowIfNotEmpty();
            return keyBits.Length == 32 ? new(KeyKind.Ed25519, keyBits) : throw new AsnContentException("An Ed25519 key has 32 octets.");
        }

        throw Unsupported("The key type is not allowed: EC P-256, P-384, P-521, RSA of at least 2048 bits or Ed25519 only.");
    }

    /// <summary>The canonical DER encoding of this key, so that one key has one hash.</summary>
    public byte[] Encode()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER, initialCapacity: KeyBits.Length + 64);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                WriteAlgorithm(writer);
            }

            if (Kind == KeyKind.Rsa2048OrMore)
            {
                WriteRsaKey(writer);
            }
            else
            {
                writer.WriteBitString(KeyBits);
            }
        }

        return writer.Encode();
    }

    private void WriteAlgorithm(AsnWriter writer)
    {
        switch (Kind)
        {
            case KeyKind.Rsa2048OrMore:
                writer.WriteObjectIdentifier("1.2.840.113549.1.1.1");
                writer.WriteNull();
                break;
            case KeyKind.Ed25519:
                writer.WriteObjectIdentifier("1.3.101.112");
                break;
            default:
                writer.WriteObjectIdentifier("1.2.840.10045.2.1");
                writer.WriteObjectIdentifier(Kind switch { KeyKind.P256 => "1.2.840.10045.3.1.7", KeyKind.P384 => "1.3.132.0.34", _ => "1.3.132.0.35" });
                break;
        }
    }

    private void WriteRsaKey(AsnWriter writer)
    {
        var key = new AsnWriter(AsnEncodingRules.DER, initialCapacity: KeyBits.Length + 16);
        using (key.PushSequence())
        {
            key.WriteIntegerUnsigned(Modulus);
            key.WriteIntegerUnsigned(Exponent);
        }

        writer.WriteBitString(key.Encode());
    }

    /// <summary>RFC 5480 2.1.1: a named curve. Explicit parameters would let the requester choose the generator.</summary>
    private static PublicKeyInfo EllipticCurve(DerReader parameters, ReadOnlySpan<byte> point)
    {
        if (!parameters.NextIs(Asn1Tag.ObjectIdentifier))
        {
            throw Unsupported("The EC key does not name its curve.");
        }

        var curve = parameters.ReadOid();
        parameters.ThrowIfNotEmpty();
        var (kind, fieldBytes) =
            curve.SequenceEqual(DerOid.P256) ? (KeyKind.P256, 32)
            : curve.SequenceEqual(DerOid.P384) ? (KeyKind.P384, 48)
            : curve.SequenceEqual(DerOid.P521) ? (KeyKind.P521, 66)
            : throw Unsupported("The EC curve is not allowed: P-256, P-384 or P-521 only.");

        if (point.Length > 0 && point[0] is 2 or 3 or 6 or 7)
        {
            throw Unsupported("The EC point must be uncompressed.");
        }

        return point.Length == 1 + (2 * fieldBytes) && point[0] == 4
            ? new(kind, point)
            : throw new PkiException(PkiError.WeakKey, "The EC point is not a point of its curve.");
    }

    private static PublicKeyInfo Rsa(ReadOnlySpan<byte> keyBits, bool tolerant)
    {
        var outer = new DerReader(keyBits, tolerant);
        var key = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        var modulus = Positive(key.ReadInteger());
        var exponent = Positive(key.ReadInteger());
        key.ThrowIfNotEmpty();

        var bits = BitLength(modulus);
        if (bits < MinRsaBits)
        {
            throw Weak($"The RSA key has fewer than {MinRsaBits} bits.");
        }

        if (bits > MaxRsaBits)
        {
            throw Unsupported($"The RSA key has more than {MaxRsaBits} bits.");
        }

        // Odd, 65537 up to 2^31: small ones invite attacks, huge ones make every verification slow.
        uint e = 0;
        foreach (var octet in exponent.Length <= 4 ? exponent : [])
        {
            e = (e << 8) | octet;
        }

        return (modulus[^1] & 1) == 1 && (e & 1) == 1 && e is >= MinRsaExponent and <= int.MaxValue
            ? new(KeyKind.Rsa2048OrMore, keyBits, modulus, exponent)
            : throw Weak("The RSA modulus is even or the public exponent is not an odd number from 65537 to 2^31.");
    }

    private static ReadOnlySpan<byte> Positive(ReadOnlySpan<byte> integer)
    {
        if ((integer[0] & 0x80) != 0 || integer is [0])
        {
            throw Weak("The RSA key holds a number that is not positive.");
        }

        return integer[0] == 0 ? integer[1..] : integer;
    }

    private static int BitLength(ReadOnlySpan<byte> positive) => (positive.Length * 8) - System.Numerics.BitOperations.LeadingZeroCount((uint)positive[0]) + 24;

    private static PkiException Weak(string message) => new(PkiError.WeakKey, message);

    private static PkiException Unsupported(string message) => new(PkiError.UnsupportedKey, message);
}
