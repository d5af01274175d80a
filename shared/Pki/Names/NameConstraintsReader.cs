using System.Formats.Asn1;
using System.Net;
using System.Numerics;
using IoTPlatform.Pki.Asn1;

namespace IoTPlatform.Pki;

/// <summary>DER of the name constraints extension (RFC 5280 4.2.1.10), reading.</summary>
internal static class NameConstraintsReader
{
    private static readonly Asn1Tag PermittedTag = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag ExcludedTag = new(TagClass.ContextSpecific, 1, isConstructed: true);

    public static NameConstraints Parse(ReadOnlySpan<byte> extensionValue)
    {
        try
        {
            return ParseStrict(extensionValue);
        }
        catch (AsnContentException e)
        {
            throw new PkiException(PkiError.Malformed, "The name constraints are not valid DER.", e);
        }
    }

    private static NameConstraints ParseStrict(ReadOnlySpan<byte> extensionValue)
    {
        var outer = new DerReader(extensionValue);
        var sequence = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        var permitted = new Subtrees();
        var excluded = new Subtrees();
        if (sequence.NextIs(PermittedTag))
        {
            permitted = Read(sequence.ReadSequence(PermittedTag));
        }

        if (sequence.HasData)
        {
            excluded = Read(sequence.ReadSequence(ExcludedTag));
        }

        sequence.ThrowIfNotEmpty();
        if (permitted.IsEmpty && excluded.IsEmpty)
        {
            throw new AsnContentException("There is no subtree.");
        }

        return new NameConstraints
        {
            PermittedDns = [.. permitted.Dns],
            PermittedIp = [.. permitted.Ip],
            PermittedEmail = [.. permitted.Email],
            PermittedUriDomains = [.. permitted.Uri],
            ExcludedDns = [.. excluded.Dns],
            ExcludedIp = [.. excluded.Ip],
            ExcludedEmail = [.. excluded.Email],
            ExcludedUriDomains = [.. excluded.Uri],
        };
    }

    private static Subtrees Read(DerReader list)
    {
        var subtrees = new Subtrees();
        while (list.HasData)
        {
            var subtree = list.ReadSequence();
            var tag = subtree.PeekTag();
            if (tag == GeneralNames.DnsTag)
            {
                subtrees.Dns.Add(GeneralNames.Ia5(subtree.ReadOctetString(tag)));
            }
            else if (tag == GeneralNames.EmailTag)
            {
                subtrees.Email.Add(GeneralNames.Ia5(subtree.ReadOctetString(tag)));
            }
            else if (tag == GeneralNames.UriTag)
            {
                subtrees.Uri.Add(GeneralNames.Ia5(subtree.ReadOctetString(tag)));
            }
            else if (tag == GeneralNames.IpTag)
            {
                subtrees.Ip.Add(Network(subtree.ReadOctetString(tag)));
            }
            else
            {
                throw new PkiException(PkiError.NameNotAllowed, "The name constraints restrict a kind of name that can't be decided here.");
            }

            // minimum and maximum: "never used" (RFC 5280), and a default is not encoded in DER.
            subtree.ThrowIfNotEmpty();
        }

        return subtrees.IsEmpty ? throw new AsnContentException("A subtree list is empty.") : subtrees;
    }

    private static IPNetwork Network(ReadOnlySpan<byte> content)
    {
        if (content.Length is not (8 or 32))
        {
            throw new AsnContentException("An IP constraint has 8 or 32 octets.");
        }

        var half = content.Length / 2;
        var prefix = 0;
        foreach (var octet in content[half..])
        {
            prefix += BitOperations.PopCount(octet);
        }

        Span<byte> mask = stackalloc byte[half];
        NameConstraintsWriter.WriteMask(mask, prefix);
        for (var i = 0; i < half; i++)
        {
            if (mask[i] != content[half + i] || (content[i] & ~mask[i]) != 0)
            {
                throw new AsnContentException("An IP constraint is not a network prefix.");
            }
        }

        return new IPNetwork(new IPAddress(content[..half]), prefix);
    }

    private sealed class Subtrees
    {
        public List<string> Dns { get; } = [];

        public List<IPNetwork> Ip { get; } = [];

        public List<string> Email { get; } = [];

        public List<string> Uri { get; } = [];

        public bool IsEmpty => Dns.Count + Ip.Count + Email.Count + Uri.Count == 0;
    }
}
