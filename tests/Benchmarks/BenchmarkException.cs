namespace IoTPlatform.Benchmarks;

/// <summary>The benchmark can't be run here; the message says what to do.</summary>
public sealed class BenchmarkException(string message) : Exception(message);
