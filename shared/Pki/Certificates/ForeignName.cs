using System.Collections.Immutable;
using System.Formats.Asn1;
using IoTPlatform.Pki.Asn1;

namespace IoTPlatform.Pki;

/// <summary>What a Name that others wrote says of its holder: all its common names and serialNumber attributes, also those that share an RDN.</summary>
internal sealed record ForeignName(ImmutableArray<string> CommonNames, ImmutableArray<string> SerialNumbers)
{
    private const int MaxAttributes = 64;

    /// <summary>Empty attributes say nothing and are left out.</summary>
    public static ForeignName Read(ref DerReader reader)
    {
        ImmutableArray<string> commonNames = [], serialNumbers = [];
        var count = 0;
        var name = reader.ReadSequence();
        while (name.HasData)
        {
            var relative = name.ReadSetOf();
            while (relative.HasData)
            {
                if (++count > MaxAttributes)
                {
                    throw new PkiException(PkiError.TooLarge, $"A name has more than {MaxAttributes} attributes.");
                }

                var attribute = relative.ReadSequence();
                var type = attribute.ReadOid();
                if (type.SequenceEqual(DerOid.CommonName))
                {
                    Add(ref commonNames, ref attribute);
                }
                else if (type.SequenceEqual(DerOid.SerialNumber))
                {
                    Add(ref serialNumbers, ref attribute);
                }
                else
                {
                    attribute.ReadEncoded();
                }

                attribute.ThrowIfNotEmpty();
            }
        }

        return new ForeignName(commonNames, serialNumbers);
    }

    private static void Add(ref ImmutableArray<string> list, ref DerReader attribute)
    {
        if (DirectoryString.Read(ref attribute) is { Length: > 0 } text)
        {
            list = list.Add(text);
        }
    }
}
