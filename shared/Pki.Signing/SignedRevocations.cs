using System.Buffers;
using System.Collections.Frozen;
using System.Formats.Asn1;
using IoTPlatform.Pki.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki.Signing;

/// <summary>The entries of a list that this issuer has signed (RFC 5280 5.1.2.6), which go into its next one as they are: to encode and to look up each again costs more than all the rest of a list.</summary>
public sealed class SignedRevocations
{
    private readonly ReadOnlyMemory<byte> _entries;

    private SignedRevocations(ReadOnlyMemory<byte> entries) => _entries = entries;

    /// <summary>Bytes.</summary>
    internal int Length => _entries.Length;

    /// <summary>Throws <see cref="PkiException"/> for anything but a list that this issuer's key has signed.</summary>
    public static SignedRevocations Read(ReadOnlyMemory<byte> list, IssuerInfo issuer)
    {
        try
        {
            var body = SingleSequence(list.Span);
            var tbs = body.ReadEncoded();
            var algorithm = SignatureAlgorithms.Read(ref body);
            if (!SignatureVerifier.Verify(algorithm, PublicKeyInfo.Parse(issuer.SubjectPublicKeyInfo.Span), tbs, body.ReadBitString()))
            {
                throw new PkiException(PkiError.BadSignature, "The revocation list is not signed by this issuer.");
            }

            var fields = SingleSequence(tbs);
            fields.ReadSmallInteger();
            SignatureAlgorithms.Read(ref fields);
            fields.ReadEncoded();
            fields.ReadTime();
            fields.ReadTime();
            var entries = fields.NextIs(Asn1Tag.Sequence) ? fields.ReadSequence().Rest : default;
            return new SignedRevocations(entries.IsEmpty ? default : list.Slice(Offset(list.Span, entries), entries.Length));
        }
        catch (AsnContentException e)
        {
            throw new PkiException(PkiError.Malformed, "The revocation list is not valid DER.", e);
        }
    }

    /// <summary>All but those of these serial numbers (minimal big-endian bytes).</summary>
    public SignedRevocations Without(IEnumerable<ReadOnlyMemory<byte>> serialNumbers)
    {
        var left = serialNumbers.Select(serial => Convert.ToHexString(serial.Span)).ToFrozenSet(StringComparer.Ordinal);
        if (left.Count == 0)
        {
            return this;
        }

        var isLeft = left.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<char> hex = stackalloc char[2 * SerialNumber.MaxBytes];
        var kept = new ArrayBufferWriter<byte>(Math.Max(_entries.Length, 1));
        for (var entries = new DerReader(_entries.Span); entries.HasData;)
        {
            var entry = entries.ReadEncoded();
            var serial = new DerReader(entry).ReadSequence().ReadInteger();
            if (!Convert.TryToHexString(serial, hex, out var written) || !isLeft.Contains(hex[..written]))
            {
                kept.Write(entry);
            }
        }

        return new SignedRevocations(kept.WrittenMemory);
    }

    internal void Write(AsnWriter writer)
    {
        for (var entries = new DerReader(_entries.Span); entries.HasData;)
        {
            writer.WriteEncodedValue(entries.ReadEncoded());
        }
    }

    private static DerReader SingleSequence(ReadOnlySpan<byte> der)
    {
        var outer = new DerReader(der);
        var content = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        return content;
    }

    private static int Offset(ReadOnlySpan<byte> all, ReadOnlySpan<byte> part) =>
        all.Overlaps(part, out var offset) ? offset : throw new InvalidOperationException("The entries are a part of the list.");
}
