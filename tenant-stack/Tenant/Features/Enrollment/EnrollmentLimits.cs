using IoTPlatform.Database;
using IoTPlatform.Hosting;


namespace IoTPlatform.Tenant.Features.Enrollment;

/// <summary>
/// Slows refused enrolments down: by what was presented and by the device id at an address, because a whole plant may come from one address; by
/// the address alone only where nothing was presented. What is accepted is never limited: a token has 256 random bits, so there is nothing to guess.
/// </summary>
internal sealed partial class EnrollmentLimits(AnonymousRefusals refusals, TimeProvider time, ILogger<EnrollmentLimits> logger)
{
    private readonly RateLimiter _perCredential = new(time, burst: 5, delay: TimeSpan.FromSeconds(30), longest: TimeSpan.FromMinutes(15));
    private readonly RateLimiter _perDevice = new(time, burst: 5, delay: TimeSpan.FromSeconds(30), longest: TimeSpan.FromMinutes(15));
    private readonly RateLimiter _perAddress = new(time, burst: 20, delay: TimeSpan.FromSeconds(5), longest: TimeSpan.FromMinutes(5));

    /// <summary>Runs the attempt. A 401, or a manufacturer certificate that another device is bound to, counts as a refusal; after too many of them it becomes 429.</summary>
    public async Task<T> RunAsync<T>(string deviceId, EnrollmentCredential credential, Func<Task<T>> attempt, CancellationToken cancellationToken)
    {
        if (credential.Fingerprint is null)
        {
            _perAddress.Reserve(credential.Address);
        }

        try
        {
            return await attempt();
        }
        catch (ProblemException e) when (e.Status == 401 || e.Code == ManufacturerBindings.RefusalCode)
        {
            if (credential.Fingerprint is { } fingerprint)
            {
                _perCredential.Reserve($"{fingerprint} {deviceId}");
                _perDevice.Reserve($"{credential.Address} {deviceId}");
            }

            Refused(logger, deviceId, credential.Address, e.Code);
            // A binding is refused for a device that exists; any other id is what the caller made up.
            var subject = e.Code == ManufacturerBindings.RefusalCode ? deviceId : "unknown";
            await refusals.RecordAsync("enrollment.refused", e.Code, subject, credential.Address, cancellationToken, ("device", deviceId), ("detail", e.Message));
            throw;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Enrolment of {Device} from {Address} refused: {Code}")]
    private static partial void Refused(ILogger logger, string device, string address, string code);
}
