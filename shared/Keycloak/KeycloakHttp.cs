using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Oidc;

namespace IoTPlatform.Keycloak;

/// <summary>One request, one answer. A server that is down, slow, overloaded or restarting is a <see cref="ProblemException"/> 503 <c>dependency_unavailable</c>.</summary>
public sealed class KeycloakHttp(OidcOptions options) : IDisposable
{
    private const int MaxAnswerBytes = 4 * 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private readonly HttpClient _http = OidcHttpClient.Create(options, TimeSpan.FromMinutes(2), MaxAnswerBytes);

    /// <param name="method">HTTP method.</param>
    /// <param name="url">Of the realm or its server.</param>
    /// <param name="credential">Null: none.</param>
    /// <param name="body">JSON; null: none.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="patience">How long an answer may take; default 15 s.</param>
    public Task<KeycloakAnswer> SendAsync(
        HttpMethod method, Uri url, AuthenticationHeaderValue? credential, JsonNode? body, CancellationToken cancellationToken, TimeSpan? patience = null) =>
        SendAsync(method, url, credential, body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"), patience ?? Patience, cancellationToken);

    public Task<KeycloakAnswer> PostFormAsync(Uri url, AuthenticationHeaderValue? credential, CancellationToken cancellationToken, params (string Name, string Value)[] form) =>
        SendAsync(HttpMethod.Post, url, credential, new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value))), Patience, cancellationToken);

    /// <summary>RFC 6749 section 2.3.1.</summary>
    public static AuthenticationHeaderValue Basic(string clientId, string secret) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(clientId)}:{Uri.EscapeDataString(secret)}")));

    public static AuthenticationHeaderValue Bearer(string token) => new("Bearer", token);

    private async Task<KeycloakAnswer> SendAsync(HttpMethod method, Uri url, AuthenticationHeaderValue? credential, HttpContent? content, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        using var request = new HttpRequestMessage(method, url) { Content = content };
        request.Headers.Authorization = credential;
        try
        {
            using var response = await _http.SendAsync(request, limit.Token);
            if ((int)response.StatusCode >= 500 || response.StatusCode == System.Net.HttpStatusCode.TooManyRequests)
            {
                throw Down(response.Headers.RetryAfter?.Delta, null);
            }

            return new KeycloakAnswer(response.StatusCode, await ReadAsync(response, limit.Token));
        }
        catch (HttpRequestException e)
        {
            throw Down(null, e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw Down(null, e);
        }
    }

    private static async Task<JsonNode?> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return body.Length == 0 ? null : JsonNode.Parse(body);
        }
        catch (JsonException)
        {
            return null; // an error page of a proxy; the status says enough
        }
    }

    private static ProblemException Down(TimeSpan? retryAfter, Exception? inner) =>
        new(503, "dependency_unavailable", "The identity provider does not answer.", retryAfter ?? TimeSpan.FromSeconds(5), inner);

    public void Dispose() => _http.Dispose();
}

/// <summary>What Keycloak answered, other than that it can't. A class, not a record: bodies carry secrets.</summary>
public sealed class KeycloakAnswer(HttpStatusCode status, JsonNode? body)
{
    public HttpStatusCode Status { get; } = status;

    public JsonNode? Body { get; } = body;

    /// <summary>RFC 6749 section 5.2.</summary>
    public string? Error => (Body as JsonObject)?["error"] is JsonValue value && value.TryGetValue<string>(out var error) ? error : null;

    public JsonObject Object => Body as JsonObject ?? throw Unexpected("answered no JSON object");

    public JsonArray Array => Body as JsonArray ?? throw Unexpected("answered no JSON array");

    public KeycloakAnswer Require(string what, params ReadOnlySpan<HttpStatusCode> expected) => expected.Contains(Status) ? this : throw Unexpected($"refused to {what}");

    public KeycloakException Unexpected(string what) => new($"Keycloak {what} ({(int)Status}{(Error is null ? "" : $" {Error}")}).");
}

/// <summary>Keycloak answers, but not as expected. The message names statuses and error codes, never a body.</summary>
public sealed class KeycloakException(string message) : Exception(message);
