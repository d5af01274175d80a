namespace IoTPlatform.Mqtt;

/// <summary>Of something that is counted: how much of it there is in a minute, as moving averages over 1, 5 and 15 minutes.</summary>
internal sealed class LoadAverage
{
    private static readonly int[] Windows = [1, 5, 15];
    private readonly double[] _averages = new double[Windows.Length];
    private double _before;

    /// <summary>With the window in minutes.</summary>
    public IEnumerable<(int Minutes, double Average)> Averages => Windows.Zip(_averages);

    /// <param name="total">Counted since the start.</param>
    /// <param name="minutes">Since the last time.</param>
    public void Add(double total, double minutes)
    {
        var rate = (total - _before) / minutes;
        _before = total;
        for (var i = 0; i < Windows.Length; i++)
        {
            _averages[i] = rate + (Math.Exp(-minutes / Windows[i]) * (_averages[i] - rate));
        }
    }
}
