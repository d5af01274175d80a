namespace IoTPlatform.Iot;

/// <summary>The line a host prints once it answers: <c>ready https://127.0.0.1:9443 fingerprint=…</c>; of several addresses the first.</summary>
internal sealed record HostReady(Uri Url, string Fingerprint)
{
    public static HostReady? TryParse(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words is ["ready", var url, var fingerprint, ..] && Uri.TryCreate(url.Split(',')[0], UriKind.Absolute, out var parsed) && fingerprint.StartsWith("fingerprint=", StringComparison.Ordinal)
            ? new HostReady(parsed, fingerprint["fingerprint=".Length..])
            : null;
    }
}

/// <summary>A tenant's progress: <c>first-boot: join …</c>, <c>first-boot: join waiting: why</c>, <c>first-boot: join done</c>.</summary>
internal sealed record FirstBootLine(string Step, FirstBootState State, string? Reason)
{
    private const string Prefix = "first-boot: ";

    public static FirstBootLine? TryParse(string line)
    {
        if (!line.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var words = line[Prefix.Length..].Trim().Split(' ', 2);
        var rest = words.Length == 2 ? words[1].Trim() : "";
        return rest switch
        {
            "done" => new FirstBootLine(words[0], FirstBootState.Done, null),
            _ when rest.StartsWith("waiting", StringComparison.Ordinal) => new FirstBootLine(words[0], FirstBootState.Waiting, rest["waiting".Length..].TrimStart(':', ' ')),
            _ => new FirstBootLine(words[0], FirstBootState.Started, rest.TrimStart('…', ' ').Trim('(', ')') is { Length: > 0 } reason ? reason : null),
        };
    }
}

internal enum FirstBootState
{
    Started,
    Waiting,
    Done,
}
