using System.Formats.Asn1;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Acme.Challenges;

/// <summary>tls-alpn-01 (RFC 8737): the key authorization's digest in a certificate that is shown for the protocol <c>acme-tls/1</c>.</summary>
internal sealed class TlsAlpnChallenge(ChallengeTargets targets) : IChallengeKind
{
    private const string AcmeIdentifierOid = "1.3.6.1.5.5.7.1.31";
    private static readonly SslApplicationProtocol Protocol = new("acme-tls/1");

    public string Type => "tls-alpn-01";

    public bool CanProve(AcmeIdentifier identifier, bool isWildcard) => !isWildcard && identifier.Type is AcmeIdentifier.Dns or AcmeIdentifier.Ip;

    public async Task<AcmeProblem?> LookAsync(DueChallenge challenge, CancellationToken cancellationToken)
    {
        X509Certificate2? shown = null;
        try
        {
            await using var tls = new SslStream(await targets.ConnectAsync(challenge.Identifier.Value, targets.TlsPort, cancellationToken));
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = ServerName(challenge.Identifier),
                    ApplicationProtocols = [Protocol],
                    // No download that the certificate asks for: its addresses are not judged.
                    CertificateChainPolicy = TlsPolicy.JudgedElsewhere(),
                    // Self-signed by design (RFC 8737 3); what it must say is judged below.
                    RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    {
                        shown = certificate is null ? null : X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
                        return shown is not null;
                    },
                }, cancellationToken);
            return tls.NegotiatedApplicationProtocol != Protocol
                ? AcmeProblem.OfChallenge("incorrectResponse", $"{challenge.Identifier.Value} does not speak acme-tls/1.")
                : Judge(shown!, challenge);
        }
        catch (ChallengeTargetException e)
        {
            return e.Problem;
        }
        catch (Exception e) when (e is IOException or AuthenticationException or SocketException or CryptographicException)
        {
            return AcmeProblem.OfChallenge("tls", $"The TLS handshake with {challenge.Identifier.Value} at port {targets.TlsPort} failed.");
        }
        finally
        {
            shown?.Dispose();
        }
    }

    /// <summary>An address is asked for by its reverse name (RFC 8738 6).</summary>
    internal static string ServerName(AcmeIdentifier identifier)
    {
        if (identifier.Type == AcmeIdentifier.Dns)
        {
            return identifier.Value;
        }

        var address = IPAddress.Parse(identifier.Value);
        return address.AddressFamily == AddressFamily.InterNetwork
            ? string.Join('.', address.GetAddressBytes().Reverse()) + ".in-addr.arpa"
            : string.Join('.', Convert.ToHexStringLower(address.GetAddressBytes()).Reverse()) + ".ip6.arpa";
    }

    private static AcmeProblem? Judge(X509Certificate2 shown, DueChallenge challenge)
    {
        var digest = shown.Extensions.FirstOrDefault(extension => extension.Oid?.Value == AcmeIdentifierOid);
        return digest is not { Critical: true } || !IsDigest(digest.RawData, challenge)
            ? AcmeProblem.OfChallenge("incorrectResponse", $"The certificate that {challenge.Identifier.Value} shows has not the key authorization's digest in a critical acmeIdentifier extension.")
            : !IsFor(shown, challenge.Identifier)
            ? AcmeProblem.OfChallenge("incorrectResponse", $"The certificate that {challenge.Identifier.Value} shows is not for that name alone.")
            : null;
    }

    private static bool IsDigest(byte[] extension, DueChallenge challenge)
    {
        try
        {
            return CryptographicOperations.FixedTimeEquals(
                AsnDecoder.ReadOctetString(extension, AsnEncodingRules.DER, out var read), SHA256.HashData(Encoding.ASCII.GetBytes(challenge.KeyAuthorization))) && read == extension.Length;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private static bool IsFor(X509Certificate2 shown, AcmeIdentifier identifier)
    {
        try
        {
            var names = shown.Extensions.OfType<X509SubjectAlternativeNameExtension>().ToList();
            var dns = names.SelectMany(san => san.EnumerateDnsNames()).ToList();
            var ips = names.SelectMany(san => san.EnumerateIPAddresses()).ToList();
            return identifier.Type == AcmeIdentifier.Dns
                ? ips.Count == 0 && dns is [var name] && name.Equals(identifier.Value, StringComparison.OrdinalIgnoreCase)
                : dns.Count == 0 && ips is [var ip] && ip.ToString() == identifier.Value;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
