using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.Identity.Oidc;

/// <summary>The identity provider's server in a handshake.</summary>
internal static class IssuerServer
{
    /// <summary>The chain verifies, and an alternative name is the host that was called; .NET alone would fall back to the CN.</summary>
    public static bool IsNamed(object sender, X509Certificate? certificate, SslPolicyErrors errors) =>
        errors == SslPolicyErrors.None
        && certificate is X509Certificate2 leaf
        && sender is SslStream { TargetHostName: { } host }
        && HostNameMatch.IsFor(leaf, host);
}
