using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.CertificateAuthority.Upstream;

/// <summary>
/// step-ca's API upstream, over TLS by the one root whose fingerprint is configured. Every call has ten seconds, with all that it takes, and throws
/// <see cref="UpstreamException"/>. What was learned about upstream is kept until a call with it is refused.
/// </summary>
internal sealed class UpstreamClient(UpstreamOptions options, TimeProvider time) : IDisposable
{
    private const int MaxBytes = 256 * 1024;
    private const int MostPages = 20;

    /// <summary>Characters of upstream's that go to the log.</summary>
    private const int MostWords = 500;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromHours(1);

    private readonly Lock _changing = new();
    private Session? _session;
    private Task<Session>? _opening;

    /// <summary>The leaf first, then its issuers; the root last.</summary>
    /// <param name="request">PKCS #10, DER.</param>
    /// <param name="names">To be certified.</param>
    /// <param name="notBefore">Begin.</param>
    /// <param name="notAfter">End.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<IReadOnlyList<X509Certificate2>> SignAsync(ReadOnlyMemory<byte> request, SubjectNames names, DateTimeOffset notBefore, DateTimeOffset notAfter, CancellationToken cancellationToken)
    {
        string[] sans = [.. names.AllSans];
        return SignAsync(
            PemEncoding.WriteString("CERTIFICATE REQUEST", request.Span) + "\n", names.CommonName ?? sans[0], sans, body => (body["notBefore"], body["notAfter"]) = (Text(notBefore), Text(notAfter)), cancellationToken);
    }

    /// <summary>For a CA: its contents and its lifetime are those of the provisioner upstream. As <see cref="SignAsync(ReadOnlyMemory{byte}, SubjectNames, DateTimeOffset, DateTimeOffset, CancellationToken)"/>.</summary>
    /// <param name="request">PKCS #10, PEM.</param>
    /// <param name="commonName">To be certified.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<IReadOnlyList<X509Certificate2>> SignAuthorityAsync(string request, string commonName, CancellationToken cancellationToken) => SignAsync(request, commonName, [], _ => { }, cancellationToken);

    /// <summary>Twice does no harm.</summary>
    /// <param name="serial">Of the certificate.</param>
    /// <param name="reasonCode">RFC 5280 5.3.1.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task RevokeAsync(byte[] serial, int reasonCode, CancellationToken cancellationToken)
    {
        using var deadline = Deadline(cancellationToken);
        var session = await SessionAsync(deadline.Token);
        var number = SerialNumber.ToDecimal(serial);
        var body = new JsonObject { ["serial"] = number, ["ott"] = session.Tokens.Revoke(number, time.GetUtcNow()), ["reasonCode"] = reasonCode, ["passive"] = true };
        try
        {
            (await CallAsync(session, "/1.0/revoke", body, deadline.Token)).Dispose();
        }
        catch (UpstreamException e) when (e.Status == 400 && e.Message.Contains("already revoked", StringComparison.Ordinal))
        {
            // The answer to an earlier call was lost.
        }
    }

    public void Dispose() => _session?.Dispose();

    private async Task<IReadOnlyList<X509Certificate2>> SignAsync(string request, string subject, string[] sans, Action<JsonObject> more, CancellationToken cancellationToken)
    {
        using var deadline = Deadline(cancellationToken);
        var session = await SessionAsync(deadline.Token);
        var body = new JsonObject { ["csr"] = request, ["ott"] = session.Tokens.Sign(subject, sans, time.GetUtcNow()) };
        more(body);
        using var answer = await CallAsync(session, "/1.0/sign", body, deadline.Token);
        return [.. ChainOf(answer.RootElement), session.Root];
    }

    private static CancellationTokenSource Deadline(CancellationToken cancellationToken)
    {
        var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        return deadline;
    }

    private static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static IReadOnlyList<X509Certificate2> ChainOf(JsonElement answer)
    {
        try
        {
            string[] chain = answer.TryGetProperty("certChain", out var all) && all.ValueKind == JsonValueKind.Array && all.GetArrayLength() > 0
                ? [.. all.EnumerateArray().Select(one => one.GetString()!)]
                : [answer.GetProperty("crt").GetString()!, answer.GetProperty("ca").GetString()!];
            return [.. chain.Select(Pem.ParseCertificate)];
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or ArgumentException or PkiException or CryptographicException)
        {
            throw new UpstreamException(UpstreamFailure.Unusable, "its answer has no certificates", e);
        }
    }

    /// <summary>Who come while it is being opened wait for the same, and learn of the same failure: behind each other they would wait for each other's time as well.</summary>
    private async Task<Session> SessionAsync(CancellationToken cancellationToken)
    {
        Task<Session> opening;
        lock (_changing)
        {
            if (_session is { } known)
            {
                return known;
            }

            opening = _opening is { IsCompleted: false } underway ? underway : _opening = Task.Run(OpenAsync, CancellationToken.None);
        }

        try
        {
            return await opening.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException e)
        {
            throw new UpstreamException(UpstreamFailure.Unavailable, "no answer in time", e);
        }
    }

    private async Task<Session> OpenAsync()
    {
        using var deadline = Deadline(CancellationToken.None);
        try
        {
            var root = await RootAsync(deadline.Token);
            var http = Connect((server, sent) => ChainVerifier.Verify(server, sent, [root], CertificatePurpose.ServerAuth, time.GetUtcNow()).IsValid, namesMatter: true);
            try
            {
                return _session = new Session(root, http, await UpstreamTokens.OpenAsync(options, () => EscrowAsync(http, deadline.Token)));
            }
            catch
            {
                http.Dispose();
                throw;
            }
        }
        catch (UpstreamException e)
        {
            // Nothing was asked for yet, so there is nothing that upstream may have done.
            throw new UpstreamException(e.Failure == UpstreamFailure.Refused ? UpstreamFailure.Unusable : e.Failure, e.Message, e) { RetryAfter = e.RetryAfter };
        }
    }

    /// <summary>From a server of which nothing is known: the fingerprint is the whole decision.</summary>
    private async Task<X509Certificate2> RootAsync(CancellationToken cancellationToken)
    {
        using var stranger = Connect((_, _) => true, namesMatter: false);
        JsonDocument answer;
        try
        {
            answer = await SendAsync(stranger, HttpMethod.Get, $"/root/{options.RootFingerprint}", body: null, cancellationToken);
        }
        catch (UpstreamException e) when (e.Status == 404)
        {
            throw new UpstreamException(UpstreamFailure.Unusable, $"it has no root of the fingerprint in {options.Settings.Fingerprint}", e);
        }

        using (answer)
        {
            try
            {
                var root = Pem.ParseCertificate(answer.RootElement.GetProperty("ca").GetString()!);
                return Fingerprint.Of(root) == options.RootFingerprint ? root : throw new UpstreamException(UpstreamFailure.Unusable, $"its root is not the one of {options.Settings.Fingerprint}");
            }
            catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or ArgumentException or PkiException)
            {
                throw new UpstreamException(UpstreamFailure.Unusable, "its answer has no root", e);
            }
        }
    }

    private async Task<string> EscrowAsync(HttpClient http, CancellationToken cancellationToken)
    {
        var cursor = "";
        for (var page = 0; page < MostPages; page++)
        {
            using var answer = await SendAsync(http, HttpMethod.Get, $"/provisioners?limit=100&cursor={Uri.EscapeDataString(cursor)}", body: null, cancellationToken);
            try
            {
                foreach (var provisioner in answer.RootElement.GetProperty("provisioners").EnumerateArray())
                {
                    if (provisioner.GetProperty("name").ValueEquals(options.Credential.Provisioner) && provisioner.GetProperty("type").ValueEquals("JWK"))
                    {
                        return provisioner.TryGetProperty("encryptedKey", out var key) && key.GetString() is { Length: > 0 } jwe ? jwe
                            : throw new UpstreamException(UpstreamFailure.Unusable, $"its provisioner {options.Credential.Provisioner} keeps its key to itself: give it in {options.Settings.Key}");
                    }
                }

                if (!answer.RootElement.TryGetProperty("nextCursor", out var next) || (cursor = next.GetString() ?? "").Length == 0)
                {
                    break;
                }
            }
            catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException)
            {
                throw new UpstreamException(UpstreamFailure.Unusable, "its answer lists no provisioners", e);
            }
        }

        throw new UpstreamException(UpstreamFailure.Unusable, $"it has no JWK provisioner {options.Credential.Provisioner}");
    }

    private async Task<JsonDocument> CallAsync(Session session, string path, JsonNode body, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(session.Http, HttpMethod.Post, path, body, cancellationToken);
        }
        catch (UpstreamException e) when (e.Status == 401)
        {
            // The provisioner's key may be another one now. Calls under way keep what they have.
            Interlocked.CompareExchange(ref _session, null, session);
            throw;
        }
    }

    private async Task<JsonDocument> SendAsync(HttpClient http, HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(options.Url, path));
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        }

        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            return response.IsSuccessStatusCode
                ? JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 })
                : throw new UpstreamException(FailureOf(response.StatusCode), $"it answered {(int)response.StatusCode}: {Reason(text)}")
                {
                    Status = (int)response.StatusCode,
                    RetryAfter = response.Headers.RetryAfter?.Delta is { } delay ? (delay < LongestDelay ? delay : LongestDelay) : null,
                    IsUncertain = response.StatusCode >= HttpStatusCode.InternalServerError,
                };
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException or OperationCanceledException)
        {
            throw e switch
            {
                HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => new UpstreamException(UpstreamFailure.Unusable, $"no TLS connection: {e.GetBaseException().Message}", e),
                HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError } => new UpstreamException(UpstreamFailure.Unavailable, e.GetBaseException().Message, e),
                JsonException => new UpstreamException(UpstreamFailure.Unusable, "its answer is no JSON", e) { IsUncertain = true },
                OperationCanceledException => new UpstreamException(UpstreamFailure.Unavailable, "no answer in time", e) { IsUncertain = true },
                _ => new UpstreamException(UpstreamFailure.Unavailable, e.GetBaseException().Message, e) { IsUncertain = true },
            };
        }
    }

    private static UpstreamFailure FailureOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest or HttpStatusCode.Forbidden => UpstreamFailure.Refused,
        HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError => UpstreamFailure.Unavailable,
        // Its word about this host, not about the client.
        _ => UpstreamFailure.Unusable,
    };

    private static string Reason(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.TryGetProperty("message", out var message) && message.GetString() is { } said ? said[..Math.Min(said.Length, MostWords)] : "";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return "";
        }
    }

    private static HttpClient Connect(Func<X509Certificate2, X509Certificate2Collection, bool> isTrusted, bool namesMatter)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2), MaxResponseHeadersLength = 32, ConnectTimeout = Patience / 2 };
        handler.SslOptions.CertificateChainPolicy = TlsPolicy.JudgedElsewhere();
        handler.SslOptions.RemoteCertificateValidationCallback = (sender, certificate, chain, _) =>
            certificate is X509Certificate2 server && (!namesMatter || HostNameMatch.IsForTarget(sender, server))
            && isTrusted(server, chain?.ChainPolicy.ExtraStore ?? []);
        return new HttpClient(handler) { Timeout = Patience, MaxResponseContentBufferSize = MaxBytes };
    }

    private sealed record Session(X509Certificate2 Root, HttpClient Http, UpstreamTokens Tokens) : IDisposable
    {
        public void Dispose()
        {
            Http.Dispose();
            Tokens.Dispose();
            Root.Dispose();
        }
    }
}
