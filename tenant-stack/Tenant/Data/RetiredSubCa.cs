namespace IoTPlatform.Tenant.Data;

/// <summary>An earlier Sub-CA whose revocation was requested from the provider.</summary>
internal sealed class RetiredSubCa
{
    /// <summary>Its subject key identifier.</summary>
    public required byte[] KeyId { get; init; }
    public required DateTimeOffset RetiredAt { get; init; }
}
