using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// The certificates that a client sent after its own in the TLS handshake. Nothing about them has been checked. They stay with the
/// certificate object, and so with the connection.
/// </summary>
public static class PresentedIssuers
{
    /// <summary>More than any real chain has; a client that sends more is as if it had sent none.</summary>
    private const int MaxCertificates = 8;

    private static readonly ConditionalWeakTable<X509Certificate2, byte[][]> Sent = [];

    /// <summary>DER, in the order they were sent.</summary>
    public static IReadOnlyList<byte[]> Of(X509Certificate2 certificate) => Sent.TryGetValue(certificate, out var issuers) ? issuers : [];

    /// <summary>A <see cref="RemoteCertificateValidationCallback"/> that refuses nothing. Takes copies: what TLS parsed would stay for as long as the connection, 5 KiB each.</summary>
    internal static bool Keep(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (chain?.ChainPolicy.ExtraStore is not { Count: > 0 } sent)
        {
            return true;
        }

        if (certificate is X509Certificate2 leaf && sent.Count <= MaxCertificates)
        {
            Sent.AddOrUpdate(leaf, [.. sent.Select(issuer => issuer.RawData)]);
        }

        foreach (var issuer in sent)
        {
            issuer.Dispose();
        }

        sent.Clear();
        return true;
    }
}
