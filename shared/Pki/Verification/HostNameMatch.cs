using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>Whether a certificate is for a host: among its DNS and IP alternative names only. The CN counts for nothing (RFC 9525 6.3).</summary>
public static class HostNameMatch
{
    public static bool IsFor(X509Certificate2 certificate, string host)
    {
        try
        {
            return certificate.MatchesHostname(host.Trim('[', ']').TrimEnd('.'), allowWildcards: true, allowCommonName: false);
        }
        catch (ArgumentException)
        {
            return false; // no host name at all
        }
    }
}
