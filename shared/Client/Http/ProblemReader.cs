using System.Text.Json;
using IoTPlatform.Contracts;

namespace IoTPlatform.Client;

/// <summary>Reads the platform's problem (RFC 9457), step-ca's <c>{"status","message"}</c>, OAuth's <c>{"error","error_description"}</c> (RFC 6749 section 5.2), or makes one up from the status line.</summary>
internal static class ProblemReader
{
    private const int MaxDetail = 2_000;

    public static ApiProblem Read(HttpResponseMessage response, byte[] body)
    {
        var status = (int)response.StatusCode;
        return FromBody(status, body) ?? new ApiProblem
        {
            Status = status,
            Title = response.ReasonPhrase ?? "Error",
            Detail = $"the server answered {status} {response.ReasonPhrase}".TrimEnd(),
            Code = $"http_{status}",
        };
    }

    private static ApiProblem? FromBody(int status, byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            var code = Text(json.RootElement, "code") ?? Text(json.RootElement, "error");
            var detail = Text(json.RootElement, "detail") ?? Text(json.RootElement, "message") ?? Text(json.RootElement, "error_description");
            return code is null && detail is null ? null : new ApiProblem
            {
                Type = Text(json.RootElement, "type"),
                Status = status,
                Title = Text(json.RootElement, "title") ?? $"HTTP {status}",
                Detail = detail,
                Code = code ?? $"http_{status}",
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { } text
            ? Printable(text.Length > MaxDetail ? text[..MaxDetail] : text)
            : null;

    // What a server says lands on a terminal: no escape sequences.
    private static string Printable(string text) => string.Create(text.Length, text, static (span, s) =>
    {
        for (var i = 0; i < s.Length; i++)
        {
            span[i] = char.IsControl(s[i]) ? ' ' : s[i];
        }
    });
}
