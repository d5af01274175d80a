using IoTPlatform.Testing;

namespace IoTPlatform.Interop.Tests;

/// <summary>step against an authority that runs already: IOT_STEP_URL, IOT_STEP_FINGERPRINT, IOT_STEP_PASSWORD_FILE.</summary>
public sealed class ExternalStepTests : StepCliTests
{
    protected override StepTarget Target
    {
        get
        {
            var url = Environment.GetEnvironmentVariable("IOT_STEP_URL");
            Skip.If(string.IsNullOrEmpty(url), "IOT_STEP_URL is not set");
            return new StepTarget(new Uri(url!), Required("IOT_STEP_FINGERPRINT"), Required("IOT_STEP_PASSWORD_FILE"));
        }
    }

    private static string Required(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : throw new InvalidOperationException($"{name} goes with IOT_STEP_URL.");
}
