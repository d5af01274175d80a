using System.Globalization;
using System.Text.Json;
using IoTPlatform.Client;

namespace IoTPlatform.Agent;

/// <summary>Readings over HTTPS, one request each.</summary>
internal sealed class HttpsWork(DeviceAgent agent, string deviceId, TelemetrySender sender, Backoff backoff, TimeProvider time, Action<AgentEventKind, string> report)
{
    public async Task<AgentOutcome> RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                using var tenant = agent.Connect();
                await sender.RunAsync((reading, token) => SendAsync(tenant, reading, token), cancellationToken);
            }
            catch (ApiException e) when (RevocationCodes.Contains(e.Code))
            {
                report(AgentEventKind.Revoked, $"the tenant revoked this device: {e.Message}; the agent stops");
                return AgentOutcome.Revoked;
            }
            catch (Exception e) when (e is ApiException or UnreachableException or AgentException or IOException or UnauthorizedAccessException)
            {
                var wait = backoff.Next((e as ApiException)?.RetryAfter);
                report(AgentEventKind.Disconnected, string.Create(CultureInfo.InvariantCulture, $"{e.Message}; sending again in {wait.TotalSeconds:0.0} s"));
                await Task.Delay(wait, time, cancellationToken);
            }
        }
    }

    private async Task<string?> SendAsync(TenantClient tenant, ReadOnlyMemory<byte> reading, CancellationToken cancellationToken)
    {
        try
        {
            await tenant.PublishTelemetryAsync(deviceId, JsonElement.Parse(reading.Span), cancellationToken);
            backoff.Reset();
            return null;
        }
        catch (ApiException e) when (e.Status is 400 or 413)
        {
            return e.Code;
        }
        catch (JsonException)
        {
            return "not_json";
        }
    }
}
