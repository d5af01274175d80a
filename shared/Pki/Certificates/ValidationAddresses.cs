using System.Collections.Immutable;
using System.Formats.Asn1;
using IoTPlatform.Pki.Asn1;

namespace IoTPlatform.Pki;

/// <summary>Reads the addresses out of cRLDistributionPoints and authorityInfoAccess; of other kinds of name there are none.</summary>
internal static class ValidationAddresses
{
    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0, isConstructed: true);

    public static ReadOnlySpan<byte> Ocsp => [0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01];

    public static ReadOnlySpan<byte> CaIssuers => [0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02];

    /// <param name="value">Of the extension; empty: it is not there.</param>
    public static ImmutableArray<string> Lists(ReadOnlyMemory<byte> value)
    {
        if (value.IsEmpty)
        {
            return [];
        }

        var found = ImmutableArray.CreateBuilder<string>();
        var points = new DerReader(value.Span).ReadSequence();
        while (points.HasData)
        {
            var point = points.ReadSequence();
            if (!point.NextIs(Context0))
            {
                continue;
            }

            var name = point.ReadSequence(Context0);
            if (name.NextIs(Context0))
            {
                Add(found, name.ReadSequence(Context0));
            }
        }

        return found.DrainToImmutable();
    }

    /// <param name="value">Of the extension; empty: it is not there.</param>
    /// <param name="method">Content bytes of the access method.</param>
    public static ImmutableArray<string> Access(ReadOnlyMemory<byte> value, ReadOnlySpan<byte> method)
    {
        if (value.IsEmpty)
        {
            return [];
        }

        var found = ImmutableArray.CreateBuilder<string>();
        var descriptions = new DerReader(value.Span).ReadSequence();
        while (descriptions.HasData)
        {
            var description = descriptions.ReadSequence();
            if (description.ReadOid().SequenceEqual(method))
            {
                Add(found, description);
            }
        }

        return found.DrainToImmutable();
    }

    private static void Add(ImmutableArray<string>.Builder found, DerReader names)
    {
        while (names.HasData)
        {
            if (names.NextIs(GeneralNames.UriTag))
            {
                found.Add(GeneralNames.Ia5(names.ReadOctetString(GeneralNames.UriTag)));
            }
            else
            {
                names.ReadEncoded();
            }
        }
    }
}
