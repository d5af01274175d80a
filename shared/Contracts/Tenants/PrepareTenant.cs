namespace IoTPlatform.Contracts.Tenants;

/// <summary><c>POST /portal/admin/tenants/prepare</c>.</summary>
public sealed record PrepareTenantRequest
{
    public required string TenantId { get; init; }
    public required string DisplayName { get; init; }

    /// <summary>The tenant's own DNS domains; they become permitted DNS subtrees of its Sub-CA (RFC 5280 section 4.2.1.10). None: not constrained.</summary>
    public IReadOnlyList<string>? DnsDomains { get; init; }

    /// <summary>Its limits at the broker; null: standard.</summary>
    public string? Plan { get; init; }
}

/// <summary>The answer to prepare. A class, not a record: it carries a secret and must not print it.</summary>
public sealed class PreparedTenant
{
    public required string TenantId { get; init; }
    public required string DisplayName { get; init; }

    /// <summary><c>XXXX-YYYY-ZZZZ-WWWW</c>; shown once, stored only as a hash.</summary>
    public required string JoinKey { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Where the tenant's machine reaches this provider: its public URL, not the address that the administrator used.</summary>
    public string? ProviderUrl { get; init; }

    /// <summary>What the operator does next: the environment lines of the tenant's first boot, without the key.</summary>
    public required string Hint { get; init; }
}
