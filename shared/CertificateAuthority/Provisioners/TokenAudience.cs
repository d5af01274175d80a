using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>The audiences of one operation: <c>https://host/1.0/op</c> and <c>https://host/op</c> for every name of this host, and of those whose place it has taken, whatever the port, as step-ca has it.</summary>
internal sealed class TokenAudience(CertificateAuthorityOptions options, params string[] operations)
{
    private const string Scheme = "https://";

    private readonly FrozenSet<string> _accepted = Of(Hosts(options), operations)
        .ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>What has to follow <c>#</c>, as <c>x5c/name</c>; null: nothing may.</summary>
    public string? Fragment { get; init; }

    public bool Matches(string audience)
    {
        if (Fragment is { } fragment)
        {
            var at = audience.IndexOf('#', StringComparison.Ordinal);
            if (at < 0 || !string.Equals(audience[(at + 1)..], fragment, StringComparison.Ordinal))
            {
                return false;
            }

            audience = audience[..at];
        }

        var accepted = WithoutPort(audience);
        return _accepted.Contains(accepted) || Of(options.ImportedNames.All, operations).Contains(accepted, StringComparer.OrdinalIgnoreCase);
    }

    private static IEnumerable<string> Of(IEnumerable<string> hosts, string[] operations) =>
        hosts.SelectMany(host => operations.SelectMany(o => new[] { $"{Scheme}{host}/1.0/{o}", $"{Scheme}{host}/{o}" }));

    private static IEnumerable<string> Hosts(CertificateAuthorityOptions options)
    {
        var names = options.PublicUrl is { } url ? options.Names.Append(url.DnsSafeHost) : options.Names;
        return names.Select(n => IPAddress.TryParse(n, out var ip) && ip.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{ip}]" : n);
    }

    private static string WithoutPort(string audience)
    {
        if (!audience.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return audience;
        }

        var path = audience.IndexOf('/', Scheme.Length);
        if (path < 0)
        {
            return audience;
        }

        var host = audience.AsSpan(Scheme.Length, path - Scheme.Length);
        var port = host.LastIndexOf(':');
        return port < 0 || port < host.LastIndexOf(']') || host[(port + 1)..].ContainsAnyExceptInRange('0', '9')
            ? audience
            : string.Concat(Scheme, host[..port], audience.AsSpan(path));
    }
}
