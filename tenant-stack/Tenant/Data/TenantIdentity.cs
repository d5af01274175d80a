namespace IoTPlatform.Tenant.Data;

/// <summary>Whose database this is.</summary>
internal sealed class TenantIdentity
{
    public bool OnlyRow { get; init; } = true;
    public required string TenantId { get; init; }
    public required string RootFingerprint { get; init; }
    public DateTimeOffset? ConfirmedAt { get; set; }

    /// <summary>Why the provider refuses this tenant; null: it takes it, as far as is known.</summary>
    public string? RefusedCode { get; init; }
    public string? RefusedDetail { get; init; }
    public DateTimeOffset? RefusedAt { get; init; }
}
