namespace IoTPlatform.Benchmarks.Soak;

/// <summary>How often one kind of fault was tried, and how often the platform fell short. Used by many tasks at once.</summary>
internal sealed class SoakCount(string name, string failure)
{
    private readonly Lock _gate = new();
    private string? _firstFailure;
    private int _tried;
    private int _failed;

    public string Name => name;

    /// <summary>What one failure is, in words.</summary>
    public string Failure => failure;

    public int Tried => Volatile.Read(ref _tried);

    public int Failed => Volatile.Read(ref _failed);

    public string? FirstFailure => Volatile.Read(ref _firstFailure);

    /// <summary>The worst value of what the round measures, where it measures anything.</summary>
    public string? Worst { get; private set; }

    private double? Measured { get; set; }

    public void Expect(bool held, Func<string> otherwise)
    {
        Interlocked.Increment(ref _tried);
        if (!held)
        {
            Interlocked.Increment(ref _failed);
            Interlocked.CompareExchange(ref _firstFailure, otherwise(), null);
        }
    }

    public void Measure(double value, string unit)
    {
        lock (_gate)
        {
            if (Measured is not { } worst || value > worst)
            {
                Measured = value;
                Worst = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{value:0.##} {unit}");
            }
        }
    }
}
