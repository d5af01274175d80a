using System.Diagnostics.CodeAnalysis;
using IoTPlatform.Pki;

namespace IoTPlatform.Hosting;

/// <summary>A URL in a setting that names a server: its host is a <see cref="ServerName"/>, as it was typed. <see cref="Uri"/> would read 010.0.0.1 as 8.0.0.1.</summary>
/// <param name="Url">Without user info, query and fragment.</param>
/// <param name="Host">A server name, an IPv6 address without brackets.</param>
public sealed record ServiceUrl(Uri Url, string Host)
{
    public static bool TryParse(string text, ReadOnlySpan<string> schemes, [NotNullWhen(true)] out ServiceUrl? url, [NotNullWhen(false)] out string? why)
    {
        url = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var parsed) || !schemes.Contains(parsed.Scheme) || HostOf(text) is not { } host
            || parsed is not { UserInfo.Length: 0, Query.Length: 0, Fragment.Length: 0 } || text.Contains('@'))
        {
            why = $"it must be a URL with the scheme {string.Join(" or ", schemes!)}, a host and no credentials, query or fragment";
            return false;
        }

        if (!ServerName.TryParse(host, out var name, out var problem))
        {
            why = $"its host can't be used: {problem}";
            return false;
        }

        url = new ServiceUrl(parsed, name);
        why = null;
        return true;
    }

    /// <summary>As typed, brackets taken off.</summary>
    private static string? HostOf(string text)
    {
        var start = text.IndexOf("://", StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        var authority = text[(start + 3)..];
        var end = authority.AsSpan().IndexOfAny("/?#");
        authority = end < 0 ? authority : authority[..end];
        if (authority.StartsWith('['))
        {
            var bracket = authority.IndexOf(']', StringComparison.Ordinal);
            return bracket < 0 ? null : authority[1..bracket];
        }

        var colon = authority.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? authority : authority[..colon];
    }
}
