using System.Security.Cryptography;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>The public area of a key in a TPM (TPMT_PUBLIC, TPM 2.0 Library, Part 2, 12.2.4).</summary>
internal static class TpmPublicKey
{
    public const ushort Sha256 = 0x000b;
    private const ushort Rsa = 0x0001;
    private const ushort Ecc = 0x0023;
    private const ushort Null = 0x0010;
    private const uint DefaultExponent = 65537;

    /// <summary>It can't leave its TPM, nor has it come into it: fixedTPM, fixedParent, sensitiveDataOrigin (8.3).</summary>
    private const uint MadeAndKeptHere = 0x32;

    /// <summary>Its SubjectPublicKeyInfo. Throws <c>badAttestationStatement</c>.</summary>
    public static byte[] Read(ReadOnlySpan<byte> publicArea)
    {
        var reader = new TpmReader(publicArea);
        var type = reader.UInt16();
        if (reader.UInt16() != Sha256)
        {
            throw AttestationObject.Bad("The key's name is not made with SHA-256.");
        }

        if ((reader.UInt32() & MadeAndKeptHere) != MadeAndKeptHere)
        {
            throw AttestationObject.Bad("The key was not made in its TPM, or can leave it.");
        }

        _ = reader.Buffer();
        SkipSymmetric(ref reader);
        SkipScheme(ref reader);
        var key = type switch
        {
            Rsa => RsaKey(ref reader),
            Ecc => EccKey(ref reader),
            _ => throw AttestationObject.Bad("The key is neither RSA nor ECC."),
        };
        return reader.IsAtEnd ? key : throw AttestationObject.Bad("Bytes follow the key.");
    }

    private static void SkipSymmetric(ref TpmReader reader)
    {
        if (reader.UInt16() != Null)
        {
            // Bits and mode.
            _ = reader.UInt32();
        }
    }

    private static void SkipScheme(ref TpmReader reader)
    {
        if (reader.UInt16() != Null)
        {
            // Its digest.
            _ = reader.UInt16();
        }
    }

    private static byte[] RsaKey(ref TpmReader reader)
    {
        _ = reader.UInt16();
        var exponent = reader.UInt32();
        var modulus = reader.Buffer();
        using var rsa = RSA.Create(new RSAParameters { Modulus = modulus.ToArray(), Exponent = Bytes(exponent == 0 ? DefaultExponent : exponent) });
        return rsa.ExportSubjectPublicKeyInfo();
    }

    private static byte[] EccKey(ref TpmReader reader)
    {
        var (curve, size) = reader.UInt16() switch
        {
            0x0003 => (ECCurve.NamedCurves.nistP256, 32),
            0x0004 => (ECCurve.NamedCurves.nistP384, 48),
            0x0005 => (ECCurve.NamedCurves.nistP521, 66),
            _ => throw AttestationObject.Bad("The key's curve is none of NIST's."),
        };
        SkipScheme(ref reader);
        var x = Padded(reader.Buffer(), size);
        var y = Padded(reader.Buffer(), size);
        using var ec = ECDsa.Create(new ECParameters { Curve = curve, Q = new ECPoint { X = x, Y = y } });
        return ec.ExportSubjectPublicKeyInfo();
    }

    internal static byte[] Padded(ReadOnlySpan<byte> number, int size)
    {
        if (number.Length > size)
        {
            throw AttestationObject.Bad("A number is too long for its curve.");
        }

        var padded = new byte[size];
        number.CopyTo(padded.AsSpan(size - number.Length));
        return padded;
    }

    private static byte[] Bytes(uint number) => [.. new[] { (byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number }.SkipWhile(b => b == 0)];
}
