namespace IoTPlatform.Provider.Data;

/// <summary>The list of revoked Sub-CAs that was signed last. One row.</summary>
internal sealed class RevokedSubCaListRow
{
    public bool Singleton { get; init; } = true;
    public required long Number { get; set; }
    public required byte[] Der { get; set; }
}
