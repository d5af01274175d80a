namespace IoTPlatform.Benchmarks.Report;

/// <summary>A rate measured inside this process.</summary>
internal sealed record CoreResult(string Operation, double PerSecond);
