namespace IoTPlatform.Iot;

/// <summary>A tenant's progress: <c>first-boot: join …</c> when a step starts, <c>first-boot: join done</c> when it is done.</summary>
internal sealed record FirstBootLine(string Step, bool Done)
{
    private const string Prefix = "first-boot: ";
    private const string End = " done";

    public static FirstBootLine? TryParse(string line)
    {
        if (!line.StartsWith(Prefix, StringComparison.Ordinal))
            return null;
        var text = line[Prefix.Length..].Trim();
        return text.EndsWith(End, StringComparison.Ordinal)
            ? new FirstBootLine(text[..^End.Length].TrimEnd(), Done: true)
            : new FirstBootLine(text.TrimEnd('…', '.', ' '), Done: false);
    }
}
