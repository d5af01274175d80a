using System.Text.Json.Serialization;

namespace IoTPlatform.Contracts.Events;

/// <summary>About one tenant as the provider sees it; <see cref="PlatformEvent.TenantId"/> is set.</summary>
public abstract record TenantEvent : PlatformEvent
{
    [JsonIgnore]
    public override string Scope => TenantId ?? "";
}

public sealed record TenantPrepared : TenantEvent
{
    public const string Name = "tenant.prepared";

    public override string Type => Name;

    public required string DisplayName { get; init; }
}

/// <summary>Everything a tenant needs was made. Comes again when the tenant changes its request before it confirms.</summary>
public sealed record TenantJoined : TenantEvent
{
    public const string Name = "tenant.joined";

    public override string Type => Name;

    /// <summary>SHA-256 of the Sub-CA's public key, lower-case hex.</summary>
    public required string SubCaKeySha256 { get; init; }
}

public sealed record TenantSuspended : TenantEvent
{
    public const string Name = "tenant.suspended";

    public override string Type => Name;

    public required string Reason { get; init; }
}

public sealed record TenantResumed : TenantEvent
{
    public const string Name = "tenant.resumed";

    public override string Type => Name;
}

/// <summary>Everything JOIN made was undone.</summary>
public sealed record TenantRemoved : TenantEvent
{
    public const string Name = "tenant.removed";

    public override string Type => Name;
}
