namespace IoTPlatform.Contracts.Events;

public sealed record TenantSuspended : TenantEvent
{
    public const string Name = "tenant.suspended";

    public override string Type => Name;

    public required string Reason { get; init; }
}
