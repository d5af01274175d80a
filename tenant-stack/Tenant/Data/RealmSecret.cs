namespace IoTPlatform.Tenant.Data;

internal sealed class RealmSecret
{
    public required string ClientId { get; init; }
    public required string Ciphertext { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}
