using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Outbound;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Webhooks;

/// <summary>
/// Asks webhooks. Whoever does not answer in time, in form and with consent has refused.
/// </summary>
internal sealed partial class WebhookCalls(WebhookOptions destinations, Func<SslStreamCertificateContext> own, Func<IssuerSet> issuers, TimeProvider time, ILogger<WebhookCalls> log) : IDisposable
{
    /// <summary>Of an answer.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>At once: one that is slow leaves places for the others.</summary>
    public const int MostOfOne = 32;

    private const int MostAtOnce = 64;
    private const int LongestReason = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BeforeRetry = TimeSpan.FromSeconds(1);

    private readonly OutboundConnections _outbound = new(destinations, issuers, time);
    private readonly SemaphoreSlim _places = new(MostAtOnce);
    private volatile Connections? _connections;

    /// <summary>Throws 403 <c>webhook_refused</c>, and 503 <c>webhook_unavailable</c> and <c>overloaded</c>: in every case nothing is signed.</summary>
    public async Task<JsonElement?> AskAsync(Webhook webhook, string body, CancellationToken cancellationToken)
    {
        if (!webhook.TryEnter(MostOfOne))
        {
            throw Overloaded();
        }

        try
        {
            return await AskInItsPlaceAsync(webhook, body, cancellationToken);
        }
        finally
        {
            webhook.Leave();
        }
    }

    public void Dispose()
    {
        _connections?.Dispose();
        _places.Dispose();
    }

    private static ProblemException Overloaded() => new(503, "overloaded", "Too many webhooks are being asked.", TimeSpan.FromSeconds(1));

    private async Task<JsonElement?> AskInItsPlaceAsync(Webhook webhook, string body, CancellationToken cancellationToken)
    {
        if (!await _places.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            throw Overloaded();
        }

        try
        {
            using var limit = new CancellationTokenSource(Patience, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            var answer = await AnswerAsync(webhook, body, both.Token);
            return answer.IsAllowed ? answer.Data
                : throw new ProblemException(403, "webhook_refused", answer.Why is { Length: > 0 } why ? $"the webhook {webhook.Name} says: {why[..Math.Min(why.Length, LongestReason)]}" : $"the webhook {webhook.Name} did not allow the request");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException or WebhookException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // Where it is and what it answered is the administrator's to know, not the caller's.
            Failed(webhook.Name, e is OperationCanceledException ? "no answer in time" : e.GetBaseException().Message);
            throw new ProblemException(503, "webhook_unavailable", $"the webhook {webhook.Name} gave no answer", TimeSpan.FromSeconds(5), e);
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>Once more after a connection that failed or a status of 500 and above, as step-ca does.</summary>
    private async Task<WebhookAnswer> AnswerAsync(Webhook webhook, string body, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(webhook, body, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException { StatusCode: null or >= HttpStatusCode.InternalServerError } or IOException && e.InnerException is not WebhookException)
        {
            await Task.Delay(BeforeRetry, time, cancellationToken);
            return await SendAsync(webhook, body, cancellationToken);
        }
    }

    private async Task<WebhookAnswer> SendAsync(Webhook webhook, string body, CancellationToken cancellationToken)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        using var request = new HttpRequestMessage(HttpMethod.Post, webhook.Address) { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("X-Smallstep-Signature", Convert.ToHexStringLower(HMACSHA256.HashData(webhook.Secret, bytes)));
        request.Headers.Add("X-Smallstep-Webhook-ID", webhook.Id);
        request.Headers.Authorization = webhook.Authorization;
        using var response = await Current().For(webhook).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.StatusCode is < HttpStatusCode.OK or >= HttpStatusCode.MultipleChoices)
        {
            throw new HttpRequestException(string.Create(CultureInfo.InvariantCulture, $"it answered {(int)response.StatusCode}"), inner: null, response.StatusCode);
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[MaxBytes + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return length <= MaxBytes ? WebhookMessages.Parse(buffer.AsMemory(0, length)) : throw new WebhookException($"its answer has more than {MaxBytes} bytes");
    }

    /// <summary>With the certificate that this host has now; connections by an earlier one end by themselves.</summary>
    private Connections Current()
    {
        var certificate = own();
        return _connections is { } known && known.Certificate == certificate ? known
            : _connections = new Connections(certificate, new HttpClient(_outbound.Handler(certificate)), new HttpClient(_outbound.Handler(certificate: null)));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the webhook {Name} gave no answer: {Reason}")]
    private partial void Failed(string name, string reason);

    private sealed record Connections(SslStreamCertificateContext Certificate, HttpClient Presenting, HttpClient Plain) : IDisposable
    {
        public HttpClient For(Webhook webhook) => webhook.PresentsCertificate ? Presenting : Plain;

        public void Dispose()
        {
            Presenting.Dispose();
            Plain.Dispose();
        }
    }
}

/// <summary>An answer that is none, or an address that is not asked.</summary>
internal sealed class WebhookException(string message) : Exception(message);
