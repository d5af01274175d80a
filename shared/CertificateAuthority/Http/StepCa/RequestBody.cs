using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A small request body as a whole, at most 64 KiB.</summary>
internal static class RequestBody
{
    public const int MaxBytes = 64 * 1024;

    /// <summary>Reads to the end and parses without copying where the body is in one piece.</summary>
    public static async Task<T> ParseAsync<T>(HttpContext context, Parser<T> parse)
    {
        if (context.Request.ContentLength > MaxBytes)
        {
            throw StepCaException.TooLarge();
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MaxBytes;
        }

        var reader = context.Request.BodyReader;
        while (true)
        {
            var result = await reader.ReadAsync(context.RequestAborted);
            var buffer = result.Buffer;
            if (buffer.Length > MaxBytes)
            {
                throw StepCaException.TooLarge();
            }

            if (result.IsCompleted)
            {
                try
                {
                    return buffer.IsSingleSegment ? parse(buffer.FirstSpan) : parse(buffer.ToArray());
                }
                finally
                {
                    reader.AdvanceTo(buffer.End);
                }
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    public delegate T Parser<out T>(ReadOnlySpan<byte> body);
}
