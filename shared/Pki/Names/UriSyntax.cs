using System.Buffers;
using System.Globalization;

namespace IoTPlatform.Pki;

/// <summary>The written form of URI names, narrower than RFC 3986.</summary>
internal static class UriSyntax
{
    private const int MaxLength = 2048;

    private static readonly SearchValues<char> UriCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]!$&'()*+,;=%");

    private static readonly SearchValues<char> SchemeCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.");

    /// <summary>
    /// scheme://host[:port][/…] without user info, or a urn. Name constraints are about the host (RFC 5280 4.2.1.10), and verifiers
    /// find it differently in anything more adventurous.
    /// </summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        if (text.Length > MaxLength || text.IndexOfAnyExcept(UriCharacters) >= 0)
        {
            return false;
        }

        if (text.StartsWith("spiffe:", StringComparison.OrdinalIgnoreCase))
        {
            return SpiffeId.TryParse(text.ToString(), out _, out _);
        }

        if (text.StartsWith("urn:", StringComparison.OrdinalIgnoreCase))
        {
            return text.Length > 6 && text[4..].Contains(':');
        }

        return TryReadHost(text, out _);
    }

    /// <summary>The host of scheme://host[:port][/…]: a DNS name or an IPv4 address in dotted form.</summary>
    public static bool TryReadHost(ReadOnlySpan<char> uri, out ReadOnlySpan<char> host)
    {
        host = default;
        var colon = uri.IndexOf("://", StringComparison.Ordinal);
        if (colon < 1 || !char.IsAsciiLetter(uri[0]) || uri[..colon].ContainsAnyExcept(SchemeCharacters))
        {
            return false;
        }

        var authority = uri[(colon + 3)..];
        var slash = authority.IndexOf('/');
        authority = slash < 0 ? authority : authority[..slash];
        var port = authority.IndexOf(':');
        if (port >= 0)
        {
            if (!ushort.TryParse(authority[(port + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out _))
            {
                return false;
            }

            authority = authority[..port];
        }

        host = authority;
        return NameSyntax.IsDnsName(host, allowWildcard: false) || NameSyntax.TryParseIp(host, out _);
    }
}
