namespace IoTPlatform.Pki.Asn1;

/// <summary>SEQUENCE { to-be-signed, AlgorithmIdentifier, BIT STRING }: the frame of certificates and requests.</summary>
internal static class SignedStructure
{
    public static byte[] Assemble(ReadOnlySpan<byte> toBeSigned, ReadOnlySpan<byte> algorithm, ReadOnlySpan<byte> signature)
    {
        var result = new byte[Size(toBeSigned, algorithm, signature)];
        Write(result, toBeSigned, algorithm, signature);
        return result;
    }

    public static int Size(ReadOnlySpan<byte> toBeSigned, ReadOnlySpan<byte> algorithm, ReadOnlySpan<byte> signature)
    {
        var body = BodySize(toBeSigned, algorithm, signature);
        return 1 + LengthSize(body) + body;
    }

    public static void Write(Span<byte> destination, ReadOnlySpan<byte> toBeSigned, ReadOnlySpan<byte> algorithm, ReadOnlySpan<byte> signature)
    {
        var rest = Header(destination, 0x30, BodySize(toBeSigned, algorithm, signature));
        toBeSigned.CopyTo(rest);
        rest = rest[toBeSigned.Length..];
        algorithm.CopyTo(rest);
        rest = Header(rest[algorithm.Length..], 0x03, signature.Length + 1);
        rest[0] = 0;
        signature.CopyTo(rest[1..]);
    }

    private static int BodySize(ReadOnlySpan<byte> toBeSigned, ReadOnlySpan<byte> algorithm, ReadOnlySpan<byte> signature) =>
        toBeSigned.Length + algorithm.Length + 1 + LengthSize(signature.Length + 1) + 1 + signature.Length;

    private static int LengthSize(int length) => length switch { < 0x80 => 1, < 0x100 => 2, < 0x10000 => 3, _ => 4 };

    /// <summary>Writes tag and length (X.690 10.1) and returns what follows.</summary>
    private static Span<byte> Header(Span<byte> destination, byte tag, int length)
    {
        destination[0] = tag;
        var size = LengthSize(length);
        if (size == 1)
        {
            destination[1] = (byte)length;
            return destination[2..];
        }

        destination[1] = (byte)(0x80 | (size - 1));
        for (var i = size - 1; i > 0; i--)
        {
            destination[1 + i] = (byte)length;
            length >>= 8;
        }

        return destination[(1 + size)..];
    }
}
