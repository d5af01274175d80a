namespace IoTPlatform.Pki.Crypto;

/// <summary>Ecdsa-Sig-Value (RFC 3279 2.2.3) from the fixed r||s form, without the BCL's detour over arrays.</summary>
internal static class EcdsaSignature
{
    /// <summary>Enough for P-521: two integers of 67 octets with headers.</summary>
    public const int MaxDerBytes = 141;

    public const int MaxFixedBytes = 132;

    /// <summary>Returns how many bytes of the destination were written.</summary>
    public static int ToDer(ReadOnlySpan<byte> fixedForm, Span<byte> destination)
    {
        var r = Trim(fixedForm[..(fixedForm.Length / 2)]);
        var s = Trim(fixedForm[(fixedForm.Length / 2)..]);
        var body = IntegerSize(r) + IntegerSize(s);
        destination[0] = 0x30;
        var position = 1;
        if (body > 0x7F)
        {
            destination[position++] = 0x81;
        }

        destination[position++] = (byte)body;
        position += WriteInteger(destination[position..], r);
        position += WriteInteger(destination[position..], s);
        return position;
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> value)
    {
        var start = value.IndexOfAnyExcept((byte)0);
        return start < 0 ? value[^1..] : value[start..];
    }

    // A leading 1 bit would read as a minus sign, so such a value gets a zero octet in front.
    private static int IntegerSize(ReadOnlySpan<byte> value) => 2 + value.Length + (value[0] >> 7);

    private static int WriteInteger(Span<byte> destination, ReadOnlySpan<byte> value)
    {
        var padding = value[0] >> 7;
        destination[0] = 0x02;
        destination[1] = (byte)(value.Length + padding);
        destination[2] = 0;
        value.CopyTo(destination[(2 + padding)..]);
        return 2 + padding + value.Length;
    }
}
