namespace IoTPlatform.Contracts.Join;

public sealed record RotatedSubCa
{
    public required string TenantId { get; init; }
    public required string SignedCert { get; init; }
    public required string CaChain { get; init; }
}
