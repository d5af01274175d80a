namespace IoTPlatform.Tenant.Data;

/// <summary>An earlier Sub-CA that the provider was told to revoke.</summary>
internal sealed class RetiredSubCa
{
    /// <summary>Its subject key identifier.</summary>
    public required byte[] KeyId { get; init; }
    public required DateTimeOffset RetiredAt { get; init; }
}
