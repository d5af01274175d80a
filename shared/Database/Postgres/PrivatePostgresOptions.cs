namespace IoTPlatform.Database;

public sealed record PrivatePostgresOptions
{
    /// <summary>False only for tests: no fsync, a crash may lose everything.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Where postgres and initdb are; null: PATH, then /usr/lib/postgresql, newest first.</summary>
    public string? BinDirectory { get; init; }
}
