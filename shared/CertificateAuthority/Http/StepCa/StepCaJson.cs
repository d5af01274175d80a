using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority;

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
