namespace IoTPlatform.Provider.Data;

internal sealed class JoinKeyRow
{
    public required byte[] KeyHash { get; init; }
    public required string TenantId { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public DateTimeOffset? RevokedAt { get; set; }
    public DateTimeOffset? SpentAt { get; set; }

    /// <summary>Set once, by the first valid use.</summary>
    public Guid? JoinId { get; set; }
}
