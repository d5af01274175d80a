using System.Text.Json;

namespace IoTPlatform.Contracts.Certificates;

/// <summary>A way to get certificates from this authority.</summary>
public sealed record ProvisionerView
{
    public required string Name { get; init; }

    /// <summary>As step-ca names it: JWK, X5C, OIDC, ACME, K8sSA, AWS, GCP, Azure.</summary>
    public required string Type { get; init; }

    /// <summary>Why it serves nobody; null: it serves.</summary>
    public string? Disabled { get; init; }

    /// <summary>Part of the host: it can't be removed here.</summary>
    public bool BuiltIn { get; init; }

    /// <summary>Null where it is a setting of the host.</summary>
    public DateTimeOffset? ChangedAt { get; init; }

    /// <summary>Sent back as <c>If-Match</c>, it replaces this definition and no other. Null where it is a setting of the host.</summary>
    public long? Version { get; init; }

    /// <summary>As step-ca's <c>ca.json</c> writes it, without secrets; its <c>options</c> are for administrators alone. Null where it is a setting of the host.</summary>
    public JsonElement? Definition { get; init; }
}

/// <summary>A key that an operator gave out, for one account at an ACME provisioner (RFC 8555 7.3.4).</summary>
public sealed record ExternalAccountKey
{
    public required string Id { get; init; }

    public required string Provisioner { get; init; }

    /// <summary>The operator's own word for whom it is.</summary>
    public string? Reference { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When an account used it up; null: none has.</summary>
    public DateTimeOffset? BoundAt { get; init; }

    /// <summary>Id of that account.</summary>
    public string? Account { get; init; }

    /// <summary>Whether that account, or the one that is to be, has a name policy of its own.</summary>
    public bool HasPolicy { get; init; }
}

public sealed record ExternalAccountKeyList
{
    /// <summary>Newest first.</summary>
    public required IReadOnlyList<ExternalAccountKey> Items { get; init; }
}

/// <summary>Which names the account of an external account key gets certificates for, beside what the authority's policy and the provisioner's say.</summary>
public sealed record AccountPolicyView
{
    /// <summary>Id of the external account key.</summary>
    public required string KeyId { get; init; }

    /// <summary>As step-ca's <c>ca.json</c> writes it. Null: every name.</summary>
    public JsonElement? Policy { get; init; }

    /// <summary>Sent back as <c>If-Match</c>, it replaces this policy and no other; 0: there is none.</summary>
    public long Version { get; init; }
}

public sealed record AddExternalAccountKeyRequest
{
    /// <summary>1 to 256 characters, unique at the provisioner.</summary>
    public string? Reference { get; init; }
}

/// <summary>A class, not a record: it carries a credential.</summary>
public sealed class ExternalAccountCredentials
{
    public required string Id { get; init; }

    public required string Provisioner { get; init; }

    public string? Reference { get; init; }

    /// <summary>256 bits, base64url. Shown this once.</summary>
    public required string HmacKey { get; init; }
}

/// <summary>All of them, in the order in which a credential's provisioner is looked for.</summary>
public sealed record ProvisionerList
{
    public required IReadOnlyList<ProvisionerView> Items { get; init; }
}
