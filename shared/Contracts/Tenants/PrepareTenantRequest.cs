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
