using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Net;
using System.Net.Sockets;

namespace IoTPlatform.Pki;

/// <summary>DER of the name constraints extension (RFC 5280 4.2.1.10), writing.</summary>
internal static class NameConstraintsWriter
{
    private static readonly Asn1Tag PermittedTag = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag ExcludedTag = new(TagClass.ContextSpecific, 1);

    public static byte[] Encode(NameConstraints constraints)
    {
        if (constraints.IsEmpty)
        {
            throw new PkiException(PkiError.ProfileViolation, "Name constraints without any subtree are not allowed.");
        }

        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            Write(writer, PermittedTag, constraints.PermittedDns, constraints.PermittedIp, constraints.PermittedEmail, constraints.PermittedUriDomains);
            Write(writer, ExcludedTag, constraints.ExcludedDns, constraints.ExcludedIp, constraints.ExcludedEmail, constraints.ExcludedUriDomains);
        }

        return writer.Encode();
    }

    /// <summary>Sets the first <paramref name="prefix"/> bits and clears the rest.</summary>
    public static void WriteMask(Span<byte> mask, int prefix)
    {
        for (var i = 0; i < mask.Length; i++)
        {
            mask[i] = (byte)(0xFF00 >> Math.Clamp(prefix - (8 * i), 0, 8));
        }
    }

    private static void Write(
        AsnWriter writer, Asn1Tag tag, ImmutableArray<string> dns, ImmutableArray<IPNetwork> ip, ImmutableArray<string> email, ImmutableArray<string> uri)
    {
        if (dns.IsEmpty && ip.IsEmpty && email.IsEmpty && uri.IsEmpty)
        {
            return;
        }

        using (writer.PushSequence(tag))
        {
            foreach (var name in dns)
            {
                // A domain and all below it: no wildcard, and the leading dot is of URIs and mailboxes only.
                WriteText(writer, GeneralNames.DnsTag, name, NameSyntax.IsDnsName(name, allowWildcard: false));
            }

            foreach (var network in ip)
            {
                WriteNetwork(writer, network);
            }

            foreach (var name in email)
            {
                WriteText(writer, GeneralNames.EmailTag, name, name.Contains('@') ? NameSyntax.IsEmail(name) : IsHostOrBelow(name));
            }

            foreach (var name in uri)
            {
                WriteText(writer, GeneralNames.UriTag, name, IsHostOrBelow(name));
            }
        }
    }

    private static bool IsHostOrBelow(string name) => NameSyntax.IsDnsName(name.StartsWith('.') ? name.AsSpan(1) : name, allowWildcard: false);

    private static void WriteText(AsnWriter writer, Asn1Tag tag, string text, bool wellFormed)
    {
        if (!wellFormed)
        {
            throw new PkiException(PkiError.NameNotAllowed, "A name constraint is not well-formed.");
        }

        using (writer.PushSequence())
        {
            writer.WriteCharacterString(UniversalTagNumber.IA5String, text, tag);
        }
    }

    private static void WriteNetwork(AsnWriter writer, IPNetwork network)
    {
        var half = network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 4 : 16;
        Span<byte> content = stackalloc byte[32];
        network.BaseAddress.TryWriteBytes(content, out _);
        WriteMask(content.Slice(half, half), network.PrefixLength);
        using (writer.PushSequence())
        {
            writer.WriteOctetString(content[..(2 * half)], GeneralNames.IpTag);
        }
    }
}
