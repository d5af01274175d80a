using System.Formats.Asn1;

namespace IoTPlatform.Pki.Asn1;

/// <summary>
/// Forward reader over strict DER (X.690 section 10) without allocations: <see cref="AsnReader"/>'s rules on a span.
/// Throws <see cref="AsnContentException"/>; the entry points translate it.
/// </summary>
internal ref struct DerReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    public readonly bool HasData => !_rest.IsEmpty;

    public readonly ReadOnlySpan<byte> Rest => _rest;

    public readonly bool NextIs(Asn1Tag tag) => HasData && Asn1Tag.Decode(_rest, out _) == tag;

    public readonly Asn1Tag PeekTag() => Asn1Tag.Decode(_rest, out _);

    public DerReader ReadSequence(Asn1Tag? tag = null)
    {
        AsnDecoder.ReadSequence(_rest, AsnEncodingRules.DER, out var offset, out var length, out var consumed, tag);
        return new DerReader(Take(offset, length, consumed));
    }

    /// <summary>Members must be in DER order.</summary>
    public DerReader ReadSetOf(Asn1Tag? tag = null)
    {
        AsnDecoder.ReadSetOf(_rest, AsnEncodingRules.DER, out var offset, out var length, out var consumed, skipSortOrderValidation: false, tag);
        return new DerReader(Take(offset, length, consumed));
    }

    /// <summary>The whole next value, tag and length included.</summary>
    public ReadOnlySpan<byte> ReadEncoded()
    {
        AsnDecoder.ReadEncodedValue(_rest, AsnEncodingRules.DER, out _, out _, out var consumed);
        return Take(0, consumed, consumed);
    }

    public ReadOnlySpan<byte> ReadInteger()
    {
        var content = AsnDecoder.ReadIntegerBytes(_rest, AsnEncodingRules.DER, out var consumed);
        _rest = _rest[consumed..];
        return content;
    }

    /// <summary>A non-negative integer that fits an int.</summary>
    public int ReadSmallInteger()
    {
        if (!AsnDecoder.TryReadInt32(_rest, AsnEncodingRules.DER, out var value, out var consumed) || value < 0)
        {
            throw new AsnContentException("The integer is out of range.");
        }

        _rest = _rest[consumed..];
        return value;
    }

    public bool ReadBoolean()
    {
        var value = AsnDecoder.ReadBoolean(_rest, AsnEncodingRules.DER, out var consumed);
        _rest = _rest[consumed..];
        return value;
    }

    /// <summary>Content bytes of an object identifier, to be compared with <see cref="DerOid"/>.</summary>
    public ReadOnlySpan<byte> ReadOid()
    {
        var content = ReadContent(Asn1Tag.ObjectIdentifier);
        return IsCanonicalOid(content) ? content : throw new AsnContentException("The object identifier is not DER.");
    }

    /// <summary>The raw content of a primitive value of exactly this tag.</summary>
    public ReadOnlySpan<byte> ReadContent(Asn1Tag tag)
    {
        if (!NextIs(tag))
        {
            throw new AsnContentException("Unexpected tag.");
        }

        AsnDecoder.ReadEncodedValue(_rest, AsnEncodingRules.DER, out var offset, out var length, out var consumed);
        return Take(offset, length, consumed);
    }

    public ReadOnlySpan<byte> ReadOctetString(Asn1Tag? tag = null)
    {
        if (!AsnDecoder.TryReadPrimitiveOctetString(_rest, AsnEncodingRules.DER, out var value, out var consumed, tag))
        {
            throw new AsnContentException("The octet string is not primitive.");
        }

        _rest = _rest[consumed..];
        return value;
    }

    /// <summary>A bit string whose length is a whole number of octets.</summary>
    public ReadOnlySpan<byte> ReadBitString()
    {
        var value = ReadBitString(out var unused);
        return unused == 0 ? value : throw new AsnContentException("The bit string is not a whole number of octets.");
    }

    public ReadOnlySpan<byte> ReadBitString(out int unusedBits)
    {
        if (!AsnDecoder.TryReadPrimitiveBitString(_rest, AsnEncodingRules.DER, out unusedBits, out var value, out var consumed))
        {
            throw new AsnContentException("The bit string is not primitive.");
        }

        _rest = _rest[consumed..];
        return value;
    }

    public void ReadNull()
    {
        AsnDecoder.ReadNull(_rest, AsnEncodingRules.DER, out var consumed);
        _rest = _rest[consumed..];
    }

    /// <summary>UTCTime until 2049, GeneralizedTime from 2050 on, never the other way round (RFC 5280 4.1.2.5).</summary>
    public DateTimeOffset ReadTime()
    {
        DateTimeOffset value;
        int consumed;
        if (NextIs(Asn1Tag.UtcTime))
        {
            value = AsnDecoder.ReadUtcTime(_rest, AsnEncodingRules.DER, out consumed, twoDigitYearMax: 2049);
        }
        else
        {
            value = AsnDecoder.ReadGeneralizedTime(_rest, AsnEncodingRules.DER, out consumed);
            if (value.Year < 2050 || value.Ticks % TimeSpan.TicksPerSecond != 0)
            {
                throw new AsnContentException("The GeneralizedTime should be a UTCTime, or has fractions of a second.");
            }
        }

        _rest = _rest[consumed..];
        return value;
    }

    public readonly void ThrowIfNotEmpty()
    {
        if (HasData)
        {
            throw new AsnContentException("There are bytes after the end of the value.");
        }
    }

    private ReadOnlySpan<byte> Take(int offset, int length, int consumed)
    {
        var content = _rest.Slice(offset, length);
        _rest = _rest[consumed..];
        return content;
    }

    private static bool IsCanonicalOid(ReadOnlySpan<byte> content)
    {
        var atStart = true;
        foreach (var octet in content)
        {
            if (atStart && octet == 0x80)
            {
                return false;
            }

            atStart = octet < 0x80;
        }

        return atStart && !content.IsEmpty;
    }
}
