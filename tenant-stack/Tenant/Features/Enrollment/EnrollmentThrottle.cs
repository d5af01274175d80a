using System.Text.Json.Nodes;
using IoTPlatform.Hosting;

namespace IoTPlatform.Tenant.Features.Enrollment;

/// <summary>
/// Slows down guessing: per device id and address after a few failures, per address after many, because a whole fleet may come
/// from one address and one broken device must not lock out the others.
/// </summary>
internal sealed class EnrollmentThrottle(AuditLog audit, TimeProvider time)
{
    private readonly FailureLimiter perDevice = new(time, freeFailures: 5);
    private readonly FailureLimiter perAddress = new(time, freeFailures: 100);

    /// <summary>Runs the attempt; a 401 counts as a failure and is audited, which the limits keep bounded.</summary>
    public async Task<T> RunAsync<T>(string deviceId, string address, Func<Task<T>> attempt, CancellationToken cancellationToken)
    {
        var pair = $"{address} {deviceId}";
        perAddress.ThrowIfBlocked(address);
        perDevice.ThrowIfBlocked(pair);
        try
        {
            var result = await attempt();
            perDevice.Succeeded(pair);
            return result;
        }
        catch (ProblemException e) when (e.Status == 401 || e.Code == ManufacturerBindings.RefusalCode)
        {
            perDevice.Failed(pair);
            perAddress.Failed(address);
            var details = new JsonObject { ["code"] = e.Code, ["reason"] = e.Message };
            await audit.AppendAsync(new AuditEntry($"address:{address}", "enrollment.refused", deviceId, details.ToJsonString()), cancellationToken);
            throw;
        }
    }
}
