using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using IoTPlatform.Contracts;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Client.Tests.Doubles;

internal static class Answers
{
    public static Task JsonAsync<T>(this HttpContext context, T value, JsonTypeInfo<T> type, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(value, type));
    }

    public static Task ProblemAsync(this HttpContext context, int status, string code, string detail, int? retryAfter = null)
    {
        context.Response.StatusCode = status;
        if (retryAfter is { } seconds)
        {
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        context.Response.ContentType = "application/problem+json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(
            new ApiProblem { Title = "Refused", Status = status, Code = code, Detail = detail }, ContractsJson.Default.ApiProblem));
    }
}
