namespace IoTPlatform.Pki.Signing;

/// <summary>What a list of revoked Sub-CAs says.</summary>
public sealed record RevokedSubCasContent
{
    public required long Number { get; init; }
    public required DateTimeOffset ThisUpdate { get; init; }
    public required DateTimeOffset NextUpdate { get; init; }
    public required IReadOnlyList<RevokedSubCa> Entries { get; init; }
}
