using System.Formats.Asn1;

namespace IoTPlatform.Pki.Asn1;

/// <summary>
/// Forward reader over strict DER (X.690 section 10) without allocations: <see cref="AsnReader"/>'s rules on a span. Tolerant, it reads what
/// the encoders of others make of DER: BER (X.690 section 8) in primitive form and definite lengths.
/// Throws <see cref="AsnContentException"/>; the entry points translate it.
/// </summary>
internal ref struct DerReader(ReadOnlySpan<byte> data, bool tolerant = false)
{
    private readonly AsnEncodingRules _rules = tolerant ? AsnEncodingRules.BER : AsnEncodingRules.DER;
    private ReadOnlySpan<byte> _rest = data;

    public readonly bool IsTolerant => _rules == AsnEncodingRules.BER;

    public readonly bool HasData => !_rest.IsEmpty;

    public readonly ReadOnlySpan<byte> Rest => _rest;

    public readonly bool NextIs(Asn1Tag tag) => HasData && Asn1Tag.Decode(_rest, out _) == tag;

    public readonly Asn1Tag PeekTag() => Asn1Tag.Decode(_rest, out _);

    public DerReader ReadSequence(Asn1Tag? tag = null)
    {
        RequireDefiniteLength();
        AsnDecoder.ReadSequence(_rest, _rules, out var offset, out var length, out var consumed, tag);
        return new DerReader(Take(offset, length, consumed), IsTolerant);
    }

    /// <summary>Members must be in DER order, unless tolerant.</summary>
    public DerReader ReadSetOf(Asn1Tag? tag = null)
    {
        RequireDefiniteLength();
        AsnDecoder.ReadSetOf(_rest, _rules, out var offset, out var length, out var consumed, skipSortOrderValidation: IsTolerant, tag);
        return new DerReader(Take(offset, length, consumed), IsTolerant);
    }

    /// <summary>The whole next value, tag and length included.</summary>
    public ReadOnlySpan<byte> ReadEncoded()
    {
        RequireDefiniteLength();
        AsnDecoder.ReadEncodedValue(_rest, _rules, out _, out _, out var consumed);
        return Take(0, consumed, consumed);
    }

    public ReadOnlySpan<byte> ReadInteger()
    {
        var content = AsnDecoder.ReadIntegerBytes(_rest, _rules, out var consumed);
        _rest = _rest[consumed..];
        return content;
    }

    /// <summary>A non-negative integer that fits an int.</summary>
    public int ReadSmallInteger()
    {
        if (!AsnDecoder.TryReadInt32(_rest, _rules, out var value, out var consumed) || value < 0)
        {
            throw new AsnContentException("The integer is out of range.");
        }

        _rest = _rest[consumed..];
        return value;
    }

    public bool ReadBoolean()
    {
        var value = AsnDecoder.ReadBoolean(_rest, _rules, out var consumed);
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

        RequireDefiniteLength();
        AsnDecoder.ReadEncodedValue(_rest, _rules, out var offset, out var length, out var consumed);
        return Take(offset, length, consumed);
    }

    public ReadOnlySpan<byte> ReadOctetString(Asn1Tag? tag = null)
    {
        if (!AsnDecoder.TryReadPrimitiveOctetString(_rest, _rules, out var value, out var consumed, tag))
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

    /// <summary>Tolerant, the unused bits may be set: they are for the caller to mask.</summary>
    public ReadOnlySpan<byte> ReadBitString(out int unusedBits)
    {
        if (IsTolerant)
        {
            var content = ReadContent(Asn1Tag.PrimitiveBitString);
            unusedBits = content.IsEmpty ? int.MaxValue : content[0];
            return unusedBits <= (content.Length > 1 ? 7 : 0) ? content[1..] : throw new AsnContentException("The bit string is malformed.");
        }

        if (!AsnDecoder.TryReadPrimitiveBitString(_rest, _rules, out unusedBits, out var value, out var consumed))
        {
            throw new AsnContentException("The bit string is not primitive.");
        }

        _rest = _rest[consumed..];
        return value;
    }

    public void ReadNull()
    {
        AsnDecoder.ReadNull(_rest, _rules, out var consumed);
        _rest = _rest[consumed..];
    }

    /// <summary>A NULL, if one comes next.</summary>
    public void SkipNull()
    {
        if (NextIs(Asn1Tag.Null))
        {
            ReadNull();
        }
    }

    /// <summary>UTCTime until 2049, GeneralizedTime from 2050 on, never the other way round (RFC 5280 4.1.2.5); tolerant, either for every year. Always UTC.</summary>
    public DateTimeOffset ReadTime()
    {
        DateTimeOffset value;
        int consumed;
        if (NextIs(Asn1Tag.UtcTime))
        {
            value = AsnDecoder.ReadUtcTime(_rest, _rules, out consumed, twoDigitYearMax: 2049);
        }
        else
        {
            value = AsnDecoder.ReadGeneralizedTime(_rest, _rules, out consumed);
            if (!IsTolerant && (value.Year < 2050 || value.Ticks % TimeSpan.TicksPerSecond != 0))
            {
                throw new AsnContentException("The GeneralizedTime should be a UTCTime, or has fractions of a second.");
            }
        }

        _rest = _rest[consumed..];
        return value.ToUniversalTime();
    }

    public readonly void ThrowIfNotEmpty()
    {
        if (HasData)
        {
            throw new AsnContentException("There are bytes after the end of the value.");
        }
    }

    /// <summary>DER has no indefinite lengths, and no device was seen to send them: what begins here ends where it says.</summary>
    private readonly void RequireDefiniteLength()
    {
        if (IsTolerant && HasData)
        {
            Asn1Tag.Decode(_rest, out var tagLength);
            if (tagLength < _rest.Length && _rest[tagLength] == 0x80)
            {
                throw new AsnContentException("The length is indefinite.");
            }
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
