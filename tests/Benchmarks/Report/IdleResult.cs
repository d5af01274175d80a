namespace IoTPlatform.Benchmarks.Report;

/// <summary>Memory of a broker's connections that do nothing.</summary>
internal sealed record IdleResult(string Server, int Connections, double KiBEach);
