using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Net;
using System.Text;
using IoTPlatform.Pki.Asn1;

namespace IoTPlatform.Pki;

/// <summary>GeneralNames of a subjectAltName (RFC 5280 4.2.1.6) to and from <see cref="SubjectNames"/>.</summary>
internal static class GeneralNames
{
    public static readonly Asn1Tag OtherNameTag = new(TagClass.ContextSpecific, 0);
    public static readonly Asn1Tag EmailTag = new(TagClass.ContextSpecific, 1);
    public static readonly Asn1Tag DnsTag = new(TagClass.ContextSpecific, 2);
    public static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);
    public static readonly Asn1Tag IpTag = new(TagClass.ContextSpecific, 7);

    private const string PermanentIdentifier = "1.3.6.1.5.5.7.8.3";

    /// <summary>Of the name of that kind, and of the value in it.</summary>
    private static readonly Asn1Tag ValueTag = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag Utf8Tag = new(UniversalTagNumber.UTF8String);
    private static readonly byte[] PermanentIdentifierOid = Encoded(PermanentIdentifier);

    /// <summary>
    /// Reads an extension value. Names of further kinds only set <paramref name="hasOtherKinds"/>. Tolerant, there may be none at all, an
    /// IPv4 address written as IPv6 is one, and permanent identifiers are a further kind: a request's are not certified.
    /// </summary>
    public static SubjectNames Read(ReadOnlySpan<byte> extensionValue, string? commonName, out bool hasOtherKinds, bool tolerant = false)
    {
        hasOtherKinds = false;
        ImmutableArray<string> dns = [], uris = [], emails = [], permanent = [];
        ImmutableArray<IPAddress> ip = [];
        var outer = new DerReader(extensionValue, tolerant);
        var names = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        if (!names.HasData && !tolerant)
        {
            throw new AsnContentException("The subject alternative name is empty.");
        }

        var count = 0;
        while (names.HasData)
        {
            if (++count > SubjectNames.MaxNames)
            {
                throw new PkiException(PkiError.TooLarge, $"There are more than {SubjectNames.MaxNames} subject alternative names.");
            }

            var tag = names.PeekTag();
            if (tag == DnsTag)
            {
                dns = dns.Add(Ia5(names.ReadOctetString(DnsTag)));
            }
            else if (tag == UriTag)
            {
                uris = uris.Add(Ia5(names.ReadOctetString(UriTag)));
            }
            else if (tag == EmailTag)
            {
                emails = emails.Add(Ia5(names.ReadOctetString(EmailTag)));
            }
            else if (tag == IpTag)
            {
                var address = Address(names.ReadOctetString(IpTag));
                ip = ip.Add(tolerant && address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);
            }
            else
            {
                var other = names.ReadEncoded();
                if (!tolerant && tag.HasSameClassAndValue(OtherNameTag) && Permanent(other) is { } identifier)
                {
                    permanent = permanent.Add(identifier);
                }
                else
                {
                    hasOtherKinds = true;
                }
            }
        }

        return new SubjectNames { CommonName = commonName, Dns = dns, Ip = ip, Uris = uris, Emails = emails, PermanentIdentifiers = permanent };
    }

    public static void Write(AsnWriter writer, SubjectNames names)
    {
        using (writer.PushSequence())
        {
            foreach (var name in names.Dns)
            {
                writer.WriteCharacterString(UniversalTagNumber.IA5String, name, DnsTag);
            }

            foreach (var email in names.Emails)
            {
                writer.WriteCharacterString(UniversalTagNumber.IA5String, email, EmailTag);
            }

            Span<byte> buffer = stackalloc byte[16];
            foreach (var address in names.Ip)
            {
                address.TryWriteBytes(buffer, out var length);
                writer.WriteOctetString(buffer[..length], IpTag);
            }

            foreach (var uri in names.Uris)
            {
                writer.WriteCharacterString(UniversalTagNumber.IA5String, uri, UriTag);
            }

            foreach (var identifier in names.PermanentIdentifiers)
            {
                using (writer.PushSequence(OtherNameTag))
                {
                    writer.WriteObjectIdentifier(PermanentIdentifier);
                    using (writer.PushSequence(ValueTag))
                    using (writer.PushSequence())
                    {
                        writer.WriteCharacterString(UniversalTagNumber.UTF8String, identifier);
                    }
                }
            }
        }
    }

    internal static string Ia5(ReadOnlySpan<byte> content) =>
        Ascii.IsValid(content) ? Encoding.ASCII.GetString(content) : throw new AsnContentException("The name is not ASCII.");

    /// <summary>
    /// otherName of RFC 4043: PermanentIdentifier ::= SEQUENCE { identifierValue UTF8String OPTIONAL, assigner OBJECT IDENTIFIER OPTIONAL }. Null for another kind of name, and for one with an assigner.
    /// </summary>
    private static string? Permanent(ReadOnlySpan<byte> encoded)
    {
        var outer = new DerReader(encoded, tolerant: false);
        var name = outer.ReadSequence(OtherNameTag);
        if (!name.ReadOid().SequenceEqual(PermanentIdentifierOid))
        {
            return null;
        }

        var value = name.ReadSequence(ValueTag);
        name.ThrowIfNotEmpty();
        var identifier = value.ReadSequence();
        value.ThrowIfNotEmpty();
        if (!identifier.NextIs(Utf8Tag))
        {
            return null;
        }

        var text = Utf8(identifier.ReadContent(Utf8Tag));
        return identifier.HasData ? null : text;
    }

    private static string Utf8(ReadOnlySpan<byte> content)
    {
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(content);
        }
        catch (DecoderFallbackException e)
        {
            throw new AsnContentException("The permanent identifier is not UTF-8.", e);
        }
    }

    private static byte[] Encoded(string oid)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteObjectIdentifier(oid);
        return writer.Encode()[2..];
    }

    private static IPAddress Address(ReadOnlySpan<byte> content) =>
        content.Length is 4 or 16 ? new IPAddress(content) : throw new AsnContentException("An IP address has 4 or 16 octets.");
}
