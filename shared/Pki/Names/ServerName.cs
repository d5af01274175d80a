using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace IoTPlatform.Pki;

/// <summary>
/// The one grammar of a server's name: what a setting may say, a certificate can hold and a name constraint can exclude. A DNS name of letters,
/// digits and hyphens (RFC 1123 2.1) or an IP address, in one canonical form.
/// </summary>
public static class ServerName
{
    /// <param name="name">Lower-case DNS name, or the address as <see cref="IPAddress"/> prints it.</param>
    /// <param name="why">What is wrong and what to write instead; repeats nothing of the text but an A-label.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out string? name, [NotNullWhen(false)] out string? why)
    {
        why = Problem(text);
        name = null;
        if (why is null)
        {
            name = NameSyntax.TryParseIp(text, out var address) ? address.ToString() : text.ToLowerInvariant();
        }

        return name is not null;
    }

    public static bool IsValid(string text) => Problem(text) is null;

    /// <summary>A DNS name, and no address.</summary>
    public static bool IsDnsName(string text) => IsValid(text) && !NameSyntax.TryParseIp(text, out _);

    /// <summary>A loopback name identifies no host (docs/decisions/loopback-names.md); names below localhost are loopback, too (RFC 6761 6.3).</summary>
    public static bool IsLoopback(string name) =>
        NameSyntax.TryParseIp(name, out var address)
            ? IPAddress.IsLoopback(address)
            : name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);

    /// <summary>The name itself or one below it (RFC 5280 4.2.1.10).</summary>
    public static bool IsWithin(string name, string domain) =>
        name.Equals(domain, StringComparison.OrdinalIgnoreCase) || name.EndsWith("." + domain, StringComparison.OrdinalIgnoreCase);

    private static string? Problem(string text) => text switch
    {
        "" => "it is empty",
        _ when NameSyntax.TryParseIp(text, out _) => null,
        ['[', ..] => "an IPv6 address is written without brackets here",
        _ when text.Contains('%') => "an address with a zone (%) means something on one machine only; leave the zone out or use another address",
        _ when text.Contains(':') || LooksLikeIpv4(text) => "it is no IP address: IPv4 is four decimal numbers without leading zeros, IPv6 has no port beside it",
        _ when text.Any(c => !char.IsAscii(c)) => ALabel(text) is { } label
            ? $"it has letters outside ASCII; certificates hold its A-label, so write {label}"
            : "it has characters that no host name has",
        [.., '.'] => "it ends with a dot; certificates hold host names without one",
        ['*', ..] => "a wildcard names no host",
        _ when text.Contains('_') => "a host name has no underscore (RFC 1123 2.1); rename the host or give it another name in DNS",
        _ when !NameSyntax.IsDnsName(text, allowWildcard: false) => "it is neither a DNS name (letters, digits and hyphens, at most 63 a label and 253 together) nor an IP address",
        _ => null,
    };

    /// <summary>Resolvers read a name whose last label is a number as an address in one of IPv4's odd forms (10.1, 0x7f.1).</summary>
    private static bool LooksLikeIpv4(string text)
    {
        var last = text.AsSpan(text.LastIndexOf('.') + 1);
        return !last.IsEmpty && (!last.ContainsAnyExceptInRange('0', '9') || (last.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && !last[2..].ContainsAnyExcept("0123456789abcdefABCDEF")));
    }

    private static string? ALabel(string text)
    {
        if (text.Any(c => !char.IsAscii(c) && !char.IsLetterOrDigit(c) && char.GetUnicodeCategory(c) is not (UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark)))
        {
            return null;
        }

        try
        {
            return new IdnMapping { UseStd3AsciiRules = true }.GetAscii(text);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
