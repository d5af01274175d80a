using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography;
using IoTPlatform.Pki.Asn1;

namespace IoTPlatform.Pki;

/// <summary>An attribute of a subject (RFC 5280 4.1.2.4), for example an organization.</summary>
/// <param name="Oid">Dotted.</param>
/// <param name="Value">Text.</param>
public sealed record SubjectAttribute(string Oid, string Value);

/// <summary>Subjects of more than a common name: what templates put there, and what requests have.</summary>
public static class SubjectAttributes
{
    public const string CommonName = "2.5.4.3";
    public const string SerialNumber = "2.5.4.5";
    public const string Country = "2.5.4.6";
    public const string Organization = "2.5.4.10";
    public const string Email = "1.2.840.113549.1.9.1";
    public const string DomainComponent = "0.9.2342.19200300.100.1.25";

    private const int MostAttributes = 32;

    /// <summary>X.520's bounds go from 2 to 128, and no reader expects more.</summary>
    private const int LongestValue = 128;

    /// <summary>DER Name: one RDN for each list, of as many attributes. Throws <see cref="PkiException"/> for what belongs into no certificate.</summary>
    public static ReadOnlyMemory<byte> Encode(IReadOnlyList<IReadOnlyList<SubjectAttribute>> relativeNames)
    {
        if (relativeNames.Sum(relative => relative.Count) > MostAttributes)
        {
            throw new PkiException(PkiError.NameNotAllowed, $"A subject has more than {MostAttributes} attributes.");
        }

        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var relative in relativeNames.Where(one => one.Count > 0))
            {
                using (writer.PushSetOf())
                {
                    foreach (var attribute in relative)
                    {
                        Write(writer, attribute);
                    }
                }
            }
        }

        return writer.Encode();
    }

    /// <summary>Of a Name that others wrote: what is text, in their order.</summary>
    public static ImmutableArray<SubjectAttribute> Read(ReadOnlySpan<byte> name)
    {
        try
        {
            var found = ImmutableArray.CreateBuilder<SubjectAttribute>();
            var sequence = new DerReader(name, tolerant: true).ReadSequence();
            while (sequence.HasData)
            {
                var relative = sequence.ReadSetOf();
                while (relative.HasData)
                {
                    var attribute = relative.ReadSequence();
                    var oid = DottedOid.Of(attribute.ReadOid());
                    if (found.Count < MostAttributes && DirectoryString.IsNext(attribute))
                    {
                        found.Add(new SubjectAttribute(oid, DirectoryString.Read(ref attribute)));
                    }
                }
            }

            return found.DrainToImmutable();
        }
        catch (AsnContentException e)
        {
            throw new PkiException(PkiError.Malformed, "The name is malformed.", e);
        }
    }

    private static void Write(AsnWriter writer, SubjectAttribute attribute)
    {
        if (FindViolation(attribute) is { } violation)
        {
            throw new PkiException(PkiError.NameNotAllowed, violation);
        }

        using (writer.PushSequence())
        {
            try
            {
                writer.WriteObjectIdentifier(attribute.Oid);
                writer.WriteCharacterString(TypeOf(attribute.Oid), attribute.Value);
            }
            catch (Exception e) when (e is ArgumentException or CryptographicException)
            {
                throw new PkiException(PkiError.NameNotAllowed, $"The attribute {attribute.Oid} of the subject has characters that it can't have.", e);
            }
        }
    }

    private static string? FindViolation(SubjectAttribute attribute) =>
        attribute.Oid == CommonName ? NameSyntax.IsCommonName(attribute.Value) ? null : $"The common name must have 1 to {NameSyntax.MaxCommonName} characters, no ':' (so no IPv6 address) and no control characters."
        : attribute.Value.Length is 0 or > LongestValue || attribute.Value.Any(IsInvisible) ? $"An attribute of the subject has no text, more than {LongestValue} characters, or invisible ones."
        : attribute.Oid == Country && attribute.Value.Length != 2 ? "A country is of two letters (ISO 3166)."
        : null;

    private static bool IsInvisible(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    /// <summary>RFC 5280 appendix A.</summary>
    private static UniversalTagNumber TypeOf(string oid) => oid switch
    {
        Country or SerialNumber => UniversalTagNumber.PrintableString,
        Email or DomainComponent => UniversalTagNumber.IA5String,
        _ => UniversalTagNumber.UTF8String,
    };
}
