namespace IoTPlatform.EndToEnd.Tests.Cli;

/// <summary>What <c>iot demo --keep</c> prints of a stack at its end.</summary>
public sealed record PrintedStack
{
    private const string DataLabel = "data ";
    private const string AccountLabel = "log in as ";
    private const string PasswordLabel = ", password in ";

    public required string Name { get; init; }

    public required Uri Url { get; init; }

    public required string Data { get; init; }

    public required string Account { get; init; }

    public required string PasswordFile { get; init; }

    public required Uri SignInLink { get; init; }

    public static IReadOnlyList<PrintedStack> AllOf(string output)
    {
        var lines = output.Split('\n', StringSplitOptions.TrimEntries);
        return [.. Enumerable.Range(0, lines.Length).Where(i => lines[i].StartsWith(DataLabel, StringComparison.Ordinal)).Select(i => At(lines, i))];
    }

    /// <summary>Name and address are on the line before that of the folder, and the link below the name alone.</summary>
    private static PrintedStack At(string[] lines, int data)
    {
        var name = lines[data - 1].Split(' ')[0];
        var account = lines[data + 1][AccountLabel.Length..].Split(PasswordLabel);
        return new PrintedStack
        {
            Name = name,
            Url = new Uri(lines[data - 1].Split(' ')[^1]),
            Data = lines[data][DataLabel.Length..],
            Account = account[0],
            PasswordFile = account[1],
            SignInLink = new Uri(lines[Array.LastIndexOf(lines, name) + 1]),
        };
    }
}
