using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Net;
using System.Text;
using IoTPlatform.Pki.Asn1;

namespace IoTPlatform.Pki;

/// <summary>GeneralNames of a subjectAltName (RFC 5280 4.2.1.6) to and from <see cref="SubjectNames"/>.</summary>
internal static class GeneralNames
{
    public static readonly Asn1Tag EmailTag = new(TagClass.ContextSpecific, 1);
    public static readonly Asn1Tag DnsTag = new(TagClass.ContextSpecific, 2);
    public static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);
    public static readonly Asn1Tag IpTag = new(TagClass.ContextSpecific, 7);

    /// <summary>
    /// Reads an extension value. Names of further kinds only set <paramref name="hasOtherKinds"/>. Tolerant, there may be none at all, and
    /// an IPv4 address written as IPv6 is one.
    /// </summary>
    public static SubjectNames Read(ReadOnlySpan<byte> extensionValue, string? commonName, out bool hasOtherKinds, bool tolerant = false)
    {
        hasOtherKinds = false;
        ImmutableArray<string> dns = [], uris = [], emails = [];
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
                hasOtherKinds = true;
                names.ReadEncoded();
            }
        }

        return new SubjectNames { CommonName = commonName, Dns = dns, Ip = ip, Uris = uris, Emails = emails };
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
        }
    }

    internal static string Ia5(ReadOnlySpan<byte> content) =>
        Ascii.IsValid(content) ? Encoding.ASCII.GetString(content) : throw new AsnContentException("The name is not ASCII.");

    private static IPAddress Address(ReadOnlySpan<byte> content) =>
        content.Length is 4 or 16 ? new IPAddress(content) : throw new AsnContentException("An IP address has 4 or 16 octets.");
}
