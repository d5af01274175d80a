using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace IoTPlatform.Pki;

/// <summary>The written form of names, narrower than the RFCs where verifiers disagree about the rest.</summary>
internal static class NameSyntax
{
    /// <summary>ub-common-name (RFC 5280 appendix A).</summary>
    public const int MaxCommonName = 64;
    public const int MaxPermanentIdentifier = 128;
    private const int MaxDnsName = 253;
    private const int MaxEmail = 254;

    private static readonly SearchValues<char> IpCharacters = SearchValues.Create("0123456789abcdefABCDEF.:");

    /// <summary>No ':' because RabbitMQ reads vhost:user out of a CN; no control, format or otherwise invisible characters.</summary>
    public static bool IsCommonName(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text.Length > MaxCommonName || text[0] == ' ' || text[^1] == ' ' || text.Contains(':'))
        {
            return false;
        }

        foreach (var c in text)
        {
            if (c is >= ' ' and <= '~')
            {
                continue;
            }

            if (char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
                or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// A DNS name to certify: as <see cref="IsDnsName"/>, and with underscores, which devices and service records have and verifiers match
    /// letter by letter. No trailing dot: none of them matches it.
    /// </summary>
    public static bool IsDnsAltName(ReadOnlySpan<char> name) => IsDnsName(name, allowUnderscore: true);

    /// <summary>Letters, digits and hyphens (RFC 5280 4.2.1.6); optionally "*" as the whole first label; never something that reads as an IPv4 address.</summary>
    public static bool IsDnsName(ReadOnlySpan<char> name, bool allowWildcard = true, bool allowUnderscore = false)
    {
        if (allowWildcard && name.StartsWith("*."))
        {
            name = name[2..];
        }

        if (name.IsEmpty || name.Length > MaxDnsName)
        {
            return false;
        }

        var labels = 0;
        var allNumeric = true;
        foreach (var range in name.Split('.'))
        {
            var label = name[range];
            if (!IsLabel(label, allowUnderscore))
            {
                return false;
            }

            labels++;
            allNumeric &= !label.ContainsAnyExceptInRange('0', '9');
        }

        return !(allNumeric && labels == 4);
    }

    public static bool IsEmail(ReadOnlySpan<char> text)
    {
        var at = text.LastIndexOf('@');
        if (at is < 1 or > 64 || text.Length > MaxEmail)
        {
            return false;
        }

        var local = text[..at];
        foreach (var c in local)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !".!#$%&'*+/=?^_`{|}~-".Contains(c))
            {
                return false;
            }
        }

        return local[0] != '.' && local[^1] != '.' && !local.Contains("..", StringComparison.Ordinal) && IsDnsName(text[(at + 1)..], allowWildcard: false);
    }

    /// <summary>Dotted quad or IPv6 text without a zone, nothing else the BCL would also take (a bare number, octal, hex).</summary>
    public static bool TryParseIp(ReadOnlySpan<char> text, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        if (text.Length > 45 || text.ContainsAnyExcept(IpCharacters) || !IPAddress.TryParse(text, out var parsed))
        {
            return false;
        }

        if (parsed.AddressFamily == AddressFamily.InterNetwork && !text.SequenceEqual(parsed.ToString()))
        {
            return false;
        }

        address = parsed.IsIPv4MappedToIPv6 ? parsed.MapToIPv4() : parsed;
        return true;
    }

    private static bool IsLabel(ReadOnlySpan<char> label, bool allowUnderscore)
    {
        if (label.Length is 0 or > 63 || label[0] == '-' || label[^1] == '-')
        {
            return false;
        }

        foreach (var c in label)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '-' && !(allowUnderscore && c == '_'))
            {
                return false;
            }
        }

        return true;
    }
}
