using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Http.Json;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>What a device's request comes to, as the payload of a message: the answer of HTTPS, or the problem document.</summary>
internal static class RequestAnswer
{
    /// <summary>Throws what is no refusal: the request may be carried out later.</summary>
    public static async Task<byte[]> OfAsync(Func<Task<EnrollResponse>> run)
    {
        try
        {
            return JsonSerializer.SerializeToUtf8Bytes(await run(), ContractsJson.Default.EnrollResponse);
        }
        catch (Exception e) when (ProblemTranslation.Of(e) is { } problem)
        {
            return Of(problem);
        }
    }

    public static byte[] Of(ProblemException problem) => JsonSerializer.SerializeToUtf8Bytes(
        new ApiProblem { Title = problem.Code, Status = problem.Status, Code = problem.Code, Detail = problem.Message }, ContractsJson.Default.ApiProblem);

    /// <summary>Throws <c>malformed_json</c>.</summary>
    public static T Read<T>(ReadOnlySpan<byte> payload, JsonOptions json)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(payload, json.SerializerOptions) ?? throw new JsonException();
        }
        catch (JsonException e)
        {
            throw new ProblemException(400, "malformed_json", "The payload is not the JSON expected here.", inner: e);
        }
    }
}
