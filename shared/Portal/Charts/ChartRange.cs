namespace IoTPlatform.Portal.Charts;

/// <summary>A range of time that a chart shows, up to now.</summary>
/// <param name="Name">As in an address.</param>
/// <param name="Text">As in "the last …".</param>
/// <param name="Length">How long.</param>
public sealed record ChartRange(string Name, string Text, TimeSpan Length)
{
    public static IReadOnlyList<ChartRange> All { get; } =
        [new("1h", "hour", TimeSpan.FromHours(1)), new("24h", "24 hours", TimeSpan.FromHours(24)), new("7d", "7 days", TimeSpan.FromDays(7)), new("30d", "30 days", TimeSpan.FromDays(30))];

    /// <summary>A day where the address names none that there is.</summary>
    public static ChartRange Of(string? name) => All.FirstOrDefault(range => range.Name == name) ?? All[1];
}
