using System.Text.Json;

namespace IoTPlatform.Contracts.Certificates;

/// <summary>A way to get certificates from this authority.</summary>
public sealed record ProvisionerView
{
    public required string Name { get; init; }

    /// <summary>As step-ca names it: JWK, X5C, OIDC, ACME.</summary>
    public required string Type { get; init; }

    /// <summary>Why it serves nobody; null: it serves.</summary>
    public string? Disabled { get; init; }

    /// <summary>Part of the host: it can't be removed here.</summary>
    public bool BuiltIn { get; init; }

    /// <summary>Null where it is a setting of the host.</summary>
    public DateTimeOffset? ChangedAt { get; init; }

    /// <summary>As step-ca's <c>ca.json</c> writes it. Null where it is a setting of the host.</summary>
    public JsonElement? Definition { get; init; }
}

/// <summary>All of them, in the order in which a credential's provisioner is looked for.</summary>
public sealed record ProvisionerList
{
    public required IReadOnlyList<ProvisionerView> Items { get; init; }
}
