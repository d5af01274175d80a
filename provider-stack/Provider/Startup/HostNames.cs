using System.Net;
using System.Text.RegularExpressions;

namespace IoTPlatform.Provider.Startup;

/// <summary>What may stand in a certificate as a host.</summary>
internal static partial class HostNames
{
    public static bool IsDnsName(string name) => name.Length <= 253 && Shape().IsMatch(name);

    public static bool IsHost(string name) => IPAddress.TryParse(name, out _) || IsDnsName(name);

    /// <summary>A loopback name identifies no host (see docs/decisions/loopback-names.md).</summary>
    public static bool IsLoopback(string name) =>
        IPAddress.TryParse(name, out var ip) ? IPAddress.IsLoopback(ip) : name is "localhost" || name.EndsWith(".localhost", StringComparison.Ordinal);

    [GeneratedRegex(@"\A[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Timeout.Infinite)]
    private static partial Regex Shape();
}
