using System.Net;
using System.Net.Security;
using System.Text;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Acme.Challenges;

/// <summary>http-01 (RFC 8555 8.3): the key authorization at a well-known path of port 80.</summary>
internal sealed class HttpChallenge : IChallengeKind, IDisposable
{
    private const int MostRedirects = 5;
    private const int LongestAnswer = 4096;
    private readonly HttpClient _http;
    private readonly ChallengeTargets _targets;

    public HttpChallenge(ChallengeTargets targets)
    {
        _targets = targets;
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            // Kilobytes.
            MaxResponseHeadersLength = 16,
            // Every look resolves and judges anew.
            PooledConnectionLifetime = TimeSpan.Zero,
            ConnectCallback = async (context, cancellationToken) => await targets.ConnectAsync(context.DnsEndPoint.Host, PortOf(context.DnsEndPoint.Port), cancellationToken),
            // A redirect to HTTPS proves as much as HTTP does: whoever asks for a certificate has none that is trusted.
            SslOptions = new SslClientAuthenticationOptions
            {
                // No download that the certificate asks for: its addresses are not judged.
                CertificateChainPolicy = TlsPolicy.JudgedElsewhere(),
                RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
            },
        })
        {
            DefaultRequestVersion = HttpVersion.Version11,
        };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("IoTPlatform-ACME");
    }

    public string Type => "http-01";

    public bool CanProve(AcmeIdentifier identifier, bool isWildcard) => !isWildcard && identifier.Type is AcmeIdentifier.Dns or AcmeIdentifier.Ip;

    public async Task<AcmeProblem?> LookAsync(DueChallenge challenge, CancellationToken cancellationToken)
    {
        var host = IPAddress.TryParse(challenge.Identifier.Value, out var ip) && ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{ip}]" : challenge.Identifier.Value;
        var url = new UriBuilder(Uri.UriSchemeHttp, host, _targets.HttpPort, "/.well-known/acme-challenge/" + challenge.Token).Uri;
        var redirects = 0;
        try
        {
            for (; redirects <= MostRedirects; redirects++)
            {
                using var response = await _http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                if ((int)response.StatusCode is 301 or 302 or 303 or 307 or 308 && response.Headers.Location is { } location)
                {
                    if (!Uri.TryCreate(url, location, out var next))
                    {
                        return AcmeProblem.OfChallenge("connection", "The answer is a redirect that can't be read.");
                    }

                    url = next;
                    if (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps)
                    {
                        return AcmeProblem.OfChallenge("connection", "The answer is a redirect to something else than HTTP.");
                    }

                    continue;
                }

                return response.StatusCode == HttpStatusCode.OK
                    ? await JudgeAsync(response, challenge, cancellationToken)
                    // What a redirect leads to is another's, and not told.
                    : AcmeProblem.OfChallenge("incorrectResponse", redirects > 0 ? "The redirect leads to no key authorization." : $"{challenge.Identifier.Value} answers {(int)response.StatusCode} at {url.AbsolutePath}.");
            }

            return AcmeProblem.OfChallenge("connection", $"There are more than {MostRedirects} redirects.");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return redirects > 0 ? AcmeProblem.OfChallenge("connection", "The redirect leads nowhere that this server connects to.")
                : ChallengeTargetException.In(e) ?? AcmeProblem.OfChallenge("connection", $"{challenge.Identifier.Value} gives no HTTP answer at port {_targets.HttpPort}.");
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Behind a network that forwards, a redirect to the usual ports is one to the forwarded.</summary>
    private int PortOf(int port) => port switch
    {
        80 => _targets.HttpPort,
        443 => _targets.TlsPort,
        _ => port,
    };

    private static async Task<AcmeProblem?> JudgeAsync(HttpResponseMessage response, DueChallenge challenge, CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[LongestAnswer];
        var length = await body.ReadAtLeastAsync(buffer, LongestAnswer, throwOnEndOfStream: false, cancellationToken);
        // White space at the end is passed over.
        return Encoding.ASCII.GetString(buffer, 0, length).TrimEnd() == challenge.KeyAuthorization
            ? null
            : AcmeProblem.OfChallenge("incorrectResponse", $"{challenge.Identifier.Value} answers something else than the key authorization.");
    }
}
