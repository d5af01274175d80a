using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Outbound;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Events;

namespace IoTPlatform.CertificateAuthority.EventWebhooks;

/// <summary>One event to one destination, signed as Standard Webhooks says (standardwebhooks.com, 1.0.0): who has the secret knows that it is from here, and when it was sent.</summary>
internal sealed class EventDelivery(OutboundConnections connections, TimeProvider time) : IDisposable
{
    private const int LongestReason = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestAskedFor = TimeSpan.FromHours(1);

    private readonly HttpClient _http = new(connections.Handler(certificate: null)) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>The event as it is everywhere else.</summary>
    public static string BodyOf(PlatformEvent happened) => JsonSerializer.Serialize(happened, ContractsJson.Default.GetTypeInfo(happened.GetType())!);

    /// <param name="webhook">Whom.</param>
    /// <param name="id">Of the event; the same at every attempt.</param>
    /// <param name="body">JSON.</param>
    /// <param name="cancellationToken">The process stops.</param>
    public async Task<DeliveryOutcome> SendAsync(EventWebhook webhook, Guid id, string body, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            using var request = Request(webhook, id, body);
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return Judge(response);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or WebhookException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            var reason = e is OperationCanceledException ? "no answer in time" : e.GetBaseException().Message;
            return new DeliveryOutcome(DeliveryResult.Away, Printable(reason));
        }
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(EventWebhook webhook, Guid id, string body)
    {
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("webhook-id", id.ToString());
        request.Headers.Add("webhook-timestamp", timestamp);
        request.Headers.Add("webhook-signature", "v1," + Convert.ToBase64String(HMACSHA256.HashData(webhook.Secret, Encoding.UTF8.GetBytes($"{id}.{timestamp}.{body}"))));
        return request;
    }

    /// <summary>
    /// Refused is what says that this event is not wanted in this form, and a redirect, which is not followed. Everything else may pass: a token that ran out, a route that is missing while the
    /// destination is deployed.
    /// </summary>
    private DeliveryOutcome Judge(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        if (status is >= 200 and < 300)
        {
            return new DeliveryOutcome(DeliveryResult.Delivered, null);
        }

        var reason = string.Create(CultureInfo.InvariantCulture, $"it answered {status}");
        return status is >= 300 and < 400 or 400 or 410 or 413 or 415 or 422
            ? new DeliveryOutcome(DeliveryResult.Refused, reason)
            : new DeliveryOutcome(DeliveryResult.Away, reason) { RetryAfter = AskedFor(response.Headers.RetryAfter) };
    }

    /// <summary>Messages quote what the destination sent: PostgreSQL stores no NUL, and a terminal obeys the others.</summary>
    private static string Printable(string reason) =>
        string.Create(Math.Min(reason.Length, LongestReason), reason, static (to, from) =>
        {
            for (var i = 0; i < to.Length; i++)
            {
                to[i] = char.IsControl(from[i]) || char.IsSurrogate(from[i]) ? '?' : from[i];
            }
        });

    private TimeSpan? AskedFor(RetryConditionHeaderValue? header) =>
        (header?.Delta ?? header?.Date - time.GetUtcNow()) is { } wait && wait > TimeSpan.Zero ? wait < LongestAskedFor ? wait : LongestAskedFor : null;
}

internal enum DeliveryResult
{
    Delivered,

    /// <summary>It may take it later.</summary>
    Away,

    /// <summary>It answered that it does not take this event.</summary>
    Refused,
}

/// <param name="Reason">For people; null: it was delivered.</param>
internal sealed record DeliveryOutcome(DeliveryResult Result, string? Reason)
{
    public TimeSpan? RetryAfter { get; init; }
}
