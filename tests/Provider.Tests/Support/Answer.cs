using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using IoTPlatform.Contracts;

namespace IoTPlatform.Provider.Tests.Support;

/// <summary>What came back over the wire.</summary>
internal sealed record Answer(HttpStatusCode Status, string? MediaType, string Body, TimeSpan? RetryAfter)
{
    /// <summary>No cache keeps it.</summary>
    public bool IsNotStored { get; private init; }

    /// <summary>The problem's code; null when the answer is no problem document.</summary>
    public string? Code => MediaType == "application/problem+json" ? JsonSerializer.Deserialize(Body, ContractsJson.Default.ApiProblem)!.Code : null;

    public T Read<T>(JsonTypeInfo<T> type)
    {
        ((int)Status).ShouldBeInRange(200, 299, Body);
        return JsonSerializer.Deserialize(Body, type)!;
    }

    public void ShouldBe(HttpStatusCode status, string code)
    {
        Status.ShouldBe(status, Body);
        Code.ShouldBe(code, Body);
    }

    public static async Task<Answer> OfAsync(HttpResponseMessage response) => new(
        response.StatusCode,
        response.Content.Headers.ContentType?.MediaType,
        await response.Content.ReadAsStringAsync(),
        response.Headers.RetryAfter?.Delta)
    {
        IsNotStored = response.Headers.CacheControl is { NoStore: true },
    };
}
