using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace IoTPlatform.CertificateAuthority.Tests;

public sealed record StepCaReply(HttpStatusCode Status, string Body, string? ContentType)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public string Message => Json.GetProperty("message").GetString()!;

    public X509Certificate2 Certificate => X509Certificate2.CreateFromPem(Json.GetProperty("crt").GetString());

    public TimeSpan? RetryAfter { get; init; }

    public static async Task<StepCaReply> ReadAsync(HttpResponseMessage response) =>
        new(response.StatusCode, await response.Content.ReadAsStringAsync(), response.Content.Headers.ContentType?.MediaType) { RetryAfter = response.Headers.RetryAfter?.Delta };

    /// <summary>Status, and step-ca's words with or without a reason behind them.</summary>
    public void ShouldBeRefusedBecause(int status, string message)
    {
        ((int)Status).ShouldBe(status, Body);
        Message.ShouldStartWith(message);
    }

    /// <summary>Status and message both, in step-ca's shape.</summary>
    public void ShouldBeRefused(int status, string message)
    {
        ((int)Status).ShouldBe(status, Body);
        Message.ShouldBe(message);
        Json.GetProperty("status").GetInt32().ShouldBe(status);
        ContentType.ShouldBe("application/json");
    }
}
