using System.Buffers;
using System.Globalization;

namespace IoTPlatform.Pki;

/// <summary>URI names: RFC 3986 with a scheme, and after "//" a host (RFC 5280 4.2.1.6) without a user, but for <see cref="AccountScheme"/>. One grammar for issuing and for constraints.</summary>
internal static class UriSyntax
{
    private const int MaxLength = 2048;

    /// <summary>Of a messenger, whose addresses name an account at a domain, and lead nowhere.</summary>
    private const string AccountScheme = "wireapp:";

    private const string Unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    private static readonly SearchValues<char> SchemeCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.");

    // pchar and "/" (3.3), and "?" for query and fragment (3.4, 3.5). "%" is looked at by itself.
    private static readonly SearchValues<char> PathCharacters = SearchValues.Create(Unreserved + "!$&'()*+,;=:@/%");
    private static readonly SearchValues<char> QueryCharacters = SearchValues.Create(Unreserved + "!$&'()*+,;=:@/?%");

    // userinfo (3.2.1) without ":".
    private static readonly SearchValues<char> AccountCharacters = SearchValues.Create(Unreserved + "!$&'()*+,;=%");

    /// <summary>A letter, then letters, digits, "+", "-" and ".", then ":" (RFC 3986 3.1).</summary>
    public static bool HasScheme(ReadOnlySpan<char> text)
    {
        var colon = text.IndexOf(':');
        return colon > 0 && char.IsAsciiLetter(text[0]) && !text[..colon].ContainsAnyExcept(SchemeCharacters);
    }

    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        if (text.StartsWith("spiffe:", StringComparison.OrdinalIgnoreCase))
        {
            return SpiffeId.TryParse(text.ToString(), out _, out _);
        }

        return TrySplit(text, out var authority, out var rest) && (authority.IsEmpty ? !IsInvalid(rest) : TryReadAuthority(authority, out _));
    }

    /// <summary>The host of a well-formed URI that has one: a DNS name or an IP address, IPv6 without its brackets.</summary>
    public static bool TryReadHost(ReadOnlySpan<char> uri, out ReadOnlySpan<char> host)
    {
        host = default;
        return TrySplit(uri, out var authority, out _) && !authority.IsEmpty && TryReadAuthority(authority, out host);
    }

    /// <summary>Authority is empty without "//"; with it, it never is. Path, query and fragment are the rest, never empty without an authority.</summary>
    private static bool TrySplit(ReadOnlySpan<char> uri, out ReadOnlySpan<char> authority, out ReadOnlySpan<char> rest)
    {
        authority = rest = default;
        if (uri.Length > MaxLength || !HasScheme(uri))
        {
            return false;
        }

        rest = uri[(uri.IndexOf(':') + 1)..];
        var hasAuthority = rest.StartsWith("//");
        if (hasAuthority)
        {
            rest = rest[2..];
            var end = rest.IndexOfAny('/', '?', '#');
            authority = end < 0 ? rest : rest[..end];
            rest = rest[authority.Length..];
            if (uri.StartsWith(AccountScheme, StringComparison.OrdinalIgnoreCase) && authority.IndexOf('@') is var at and > 0)
            {
                if (authority[..at].ContainsAnyExcept(AccountCharacters) || !HasWholeEscapes(authority[..at]))
                {
                    return false;
                }

                authority = authority[(at + 1)..];
            }
        }

        return (hasAuthority ? !authority.IsEmpty : !rest.IsEmpty) && IsPathQueryFragment(rest);
    }

    private static bool IsPathQueryFragment(ReadOnlySpan<char> text)
    {
        var hash = text.IndexOf('#');
        var beforeHash = hash < 0 ? text : text[..hash];
        var fragment = hash < 0 ? [] : text[(hash + 1)..];
        var question = beforeHash.IndexOf('?');
        var path = question < 0 ? beforeHash : beforeHash[..question];
        return !path.ContainsAnyExcept(PathCharacters) && !beforeHash[path.Length..].ContainsAnyExcept(QueryCharacters)
            && !fragment.ContainsAnyExcept(QueryCharacters) && HasWholeEscapes(text);
    }

    /// <summary>"%" and two hexadecimal digits (2.1).</summary>
    private static bool HasWholeEscapes(ReadOnlySpan<char> text)
    {
        for (int at; (at = text.IndexOf('%')) >= 0; text = text[(at + 3)..])
        {
            if (at + 2 >= text.Length || !char.IsAsciiHexDigit(text[at + 1]) || !char.IsAsciiHexDigit(text[at + 2]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>host [ ":" port ] (3.2). A user in front is refused: it is read as a host by people and by some verifiers.</summary>
    private static bool TryReadAuthority(ReadOnlySpan<char> authority, out ReadOnlySpan<char> host)
    {
        if (authority[0] == '[')
        {
            var close = authority.IndexOf(']');
            host = close < 0 ? default : authority[1..close];
            return host.Contains(':') && NameSyntax.TryParseIp(host, out _) && IsPortOrNothing(authority[(close + 1)..]);
        }

        var colon = authority.IndexOf(':');
        host = colon < 0 ? authority : authority[..colon];
        return IsPortOrNothing(authority[host.Length..])
            && (NameSyntax.IsDnsName(host, allowWildcard: false, allowUnderscore: true) || NameSyntax.TryParseIp(host, out _));
    }

    private static bool IsPortOrNothing(ReadOnlySpan<char> text) => text.IsEmpty || (text[0] == ':' && (text.Length == 1 || IsPort(text[1..])));

    /// <summary>"host:port" and an IPv6 address with a zone read as a scheme and its rest, and were never meant as that.</summary>
    private static bool IsInvalid(ReadOnlySpan<char> rest) => rest[0] == ':' || IsPort(rest);

    private static bool IsPort(ReadOnlySpan<char> text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
