namespace IoTPlatform.Contracts.Identity;

/// <summary>What an initialization found missing or different and made so; nothing when all was well.</summary>
public sealed record InitializedIdentity
{
    public required string Realm { get; init; }

    /// <summary>For people, one thing each.</summary>
    public required IReadOnlyList<string> Changes { get; init; }
}
