namespace IoTPlatform.Contracts.Events;

public sealed record TenantResumed : TenantEvent
{
    public const string Name = "tenant.resumed";

    public override string Type => Name;
}
