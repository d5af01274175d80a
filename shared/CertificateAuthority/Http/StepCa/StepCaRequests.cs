using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority;

internal sealed class SignBody
{
    public string? Csr { get; set; }

    public string? Ott { get; set; }

    public string? NotBefore { get; set; }

    public string? NotAfter { get; set; }

    /// <summary>For the provisioner's template.</summary>
    public JsonElement? TemplateData { get; set; }
}

internal sealed class RekeyBody
{
    public string? Csr { get; set; }
}

internal sealed class RevokeBody
{
    public string? Serial { get; set; }

    public string? Ott { get; set; }

    public int? ReasonCode { get; set; }

    public string? Reason { get; set; }

    public bool? Passive { get; set; }
}

/// <summary>Names in any case and null for absent, as Go reads them; a member that comes twice is refused, so that two readers can't see two requests.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, NumberHandling = JsonNumberHandling.Strict, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(SignBody))]
[JsonSerializable(typeof(RekeyBody))]
[JsonSerializable(typeof(RevokeBody))]
internal sealed partial class StepCaRequests : JsonSerializerContext
{
    public static SignBody ParseSign(ReadOnlySpan<byte> body) => Parse(body, Default.SignBody);

    public static RekeyBody ParseRekey(ReadOnlySpan<byte> body) => Parse(body, Default.RekeyBody);

    public static RevokeBody ParseRevoke(ReadOnlySpan<byte> body) => Parse(body, Default.RevokeBody);

    private static T Parse<T>(ReadOnlySpan<byte> body, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : new()
    {
        try
        {
            return JsonSerializer.Deserialize(body, type) ?? new T();
        }
        catch (JsonException e)
        {
            throw StepCaException.BadRequest("error decoding json", e);
        }
    }
}

/// <summary>JSON answers as step-ca writes them: no indentation, a line feed at the end.</summary>
internal static class StepCaJson
{
    // The answers are application/json and never part of a page: '+' and '<' need no escape.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Build(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    public static Task WriteAsync(HttpResponse response, int status, ReadOnlyMemory<byte> json, string contentType = "application/json")
    {
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = json.Length;
        return response.Body.WriteAsync(json, response.HttpContext.RequestAborted).AsTask();
    }

    public static Task WriteErrorAsync(HttpResponse response, int status, string message) =>
        WriteAsync(response, status, Build(json =>
        {
            json.WriteNumber("status", status);
            json.WriteString("message", message);
        }));
}
