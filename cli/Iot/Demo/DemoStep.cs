namespace IoTPlatform.Iot;

internal sealed record DemoStep(string Step, double DurationMs, string Detail);
