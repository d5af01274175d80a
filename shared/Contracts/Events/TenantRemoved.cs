namespace IoTPlatform.Contracts.Events;

/// <summary>Everything JOIN made was undone.</summary>
public sealed record TenantRemoved : TenantEvent
{
    public const string Name = "tenant.removed";

    public override string Type => Name;
}
