using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace IoTPlatform.RabbitMq;

/// <summary>Calls of a RabbitMQ's management API (3.10 to 4.x), by paths below <c>api/</c>. Failures are those of <see cref="RabbitMqFailure"/>.</summary>
/// <param name="http">Made by <see cref="RabbitMqHttp"/>; disposed with this.</param>
public sealed class RabbitMqManagement(HttpClient http) : IDisposable
{
    /// <summary>Null: there is no such thing.</summary>
    public async Task<T?> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) where T : class
    {
        if (await SendAsync(HttpMethod.Get, path, null, cancellationToken) is not { } body)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(body, type);
        }
        catch (JsonException e)
        {
            throw RabbitMqFailure.Of(e);
        }
    }

    /// <summary>Empty where what it belongs to isn't there.</summary>
    public async Task<T[]> ListAsync<T>(string path, JsonTypeInfo<T[]> type, CancellationToken cancellationToken) => await GetAsync(path, type, cancellationToken) ?? [];

    public async Task PutAsync<T>(string path, T order, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        // A 404 of a PUT means that its parent object has just been deleted: the next pass compares again.
        if (await SendAsync(HttpMethod.Put, path, Json(order, type), cancellationToken) is null)
        {
            throw RabbitMqFailure.Of(HttpStatusCode.ServiceUnavailable, []);
        }
    }

    public Task PostAsync<T>(string path, T order, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, Json(order, type), cancellationToken);

    /// <summary>Succeeds if it is already deleted.</summary>
    public Task DeleteAsync(string path, CancellationToken cancellationToken, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Delete, path, null, cancellationToken, headers);

    /// <summary>Ends every live connection of the user, on all protocols. Only an administrator may.</summary>
    public Task CloseConnectionsAsync(string user, string reason, CancellationToken cancellationToken) =>
        DeleteAsync($"connections/username/{Uri.EscapeDataString(user)}", cancellationToken, ("X-Reason", reason));

    public void Dispose() => http.Dispose();

    /// <summary>The body; null for 404.</summary>
    private async Task<byte[]?> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            if (response.StatusCode == HttpStatusCode.NotFound)
            {
                return null;
            }

            return response.IsSuccessStatusCode ? body : throw RabbitMqFailure.Of(response.StatusCode, body);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw RabbitMqFailure.Of(e);
        }
    }

    private static ByteArrayContent Json<T>(T value, JsonTypeInfo<T> type) =>
        new(JsonSerializer.SerializeToUtf8Bytes(value, type)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
}

/// <param name="Tags">What the login may do in the management API.</param>
internal sealed record WhoAmI(string[] Tags);

internal sealed record ApiError(string? Error, string? Reason);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ApiError))]
[JsonSerializable(typeof(WhoAmI))]
[JsonSerializable(typeof(BrokerConnection[]))]
internal sealed partial class ManagementJson : JsonSerializerContext;
