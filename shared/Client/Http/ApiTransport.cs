using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace IoTPlatform.Client;

/// <summary>One request, one answer: sends, translates every failure into <see cref="ApiException"/> or <see cref="UnreachableException"/>.</summary>
internal static class ApiTransport
{
    public static async Task<byte[]> GetBytesAsync(HttpClient http, string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        return await SendAsync(http, request, cancellationToken);
    }

    public static async Task<byte[]> SendAsync(HttpClient http, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return response.IsSuccessStatusCode
                ? body
                : throw new ApiException(ProblemReader.Read(response, body), RetryAfterHeader.Read(response.Headers.RetryAfter)) { ServerTime = response.Headers.Date };
        }
        catch (HttpRequestException e)
        {
            throw TransportFailure.Translate(http.BaseAddress!, e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UnreachableException(http.BaseAddress!, UnreachableReason.TimedOut, $"{http.BaseAddress} did not answer within {http.Timeout.TotalSeconds:0} s", e);
        }
    }

    /// <summary>The answer as it comes, of whatever length.</summary>
    public static async Task CopyAsync(HttpClient http, HttpRequestMessage request, Stream destination, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                throw new ApiException(ProblemReader.Read(response, await response.Content.ReadAsByteArrayAsync(cancellationToken)), RetryAfterHeader.Read(response.Headers.RetryAfter));
            }

            await response.Content.CopyToAsync(destination, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw TransportFailure.Translate(http.BaseAddress!, e);
        }
    }

    public static T Decode<T>(Uri server, byte[] body, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(body, type) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new UnreachableException(server, UnreachableReason.NotThisApi, $"{server} answered something that is not a {typeof(T).Name}", e);
        }
    }

    public static ByteArrayContent Encode<T>(T value, JsonTypeInfo<T> type) =>
        new(JsonSerializer.SerializeToUtf8Bytes(value, type)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
}

internal static class Query
{
    public static string Build(string path, params (string Name, string? Value)[] values)
    {
        var query = string.Join('&', values.Where(v => v.Value is not null).Select(v => $"{v.Name}={Uri.EscapeDataString(v.Value!)}"));
        return query.Length == 0 ? path : $"{path}?{query}";
    }

    public static IReadOnlyList<(string Name, string? Value)> Of(CertificateFilter? filter) =>
    [
        ("text", filter?.Text), ("name", filter?.Name), ("profile", filter?.Profile), ("subject", filter?.Subject), ("issuer", filter?.Issuer), ("provisioner", filter?.Provisioner),
        ("endpoint", filter?.Endpoint?.ToString(CultureInfo.InvariantCulture)), ("state", filter?.State), ("revoked", Of(filter?.Revoked)),
        ("expiring_before", Of(filter?.ExpiringBefore)), ("expiring_after", Of(filter?.ExpiringAfter)),
    ];

    public static string? Of(int? value) => value?.ToString(CultureInfo.InvariantCulture);

    public static string? Of(bool? value) => value is { } b ? (b ? "true" : "false") : null;

    public static string? Of(DateTimeOffset? value) => value?.ToString("O", CultureInfo.InvariantCulture);
}
