namespace IoTPlatform.Contracts.Events;

public sealed record TenantPrepared : TenantEvent
{
    public const string Name = "tenant.prepared";

    public override string Type => Name;

    public required string DisplayName { get; init; }
}
