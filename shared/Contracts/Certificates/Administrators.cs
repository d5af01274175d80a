using System.Text.Json;

namespace IoTPlatform.Contracts.Certificates;

/// <summary>Somebody who changes provisioners over step-ca's administration API, with a certificate of a provisioner.</summary>
public sealed record AdministratorView
{
    public required string Id { get; init; }

    /// <summary>A common name, DNS name or e-mail address of the certificate.</summary>
    public required string Subject { get; init; }

    /// <summary>That the certificate is of.</summary>
    public required string Provisioner { get; init; }

    /// <summary>Changes administrators, too.</summary>
    public bool Super { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

public sealed record AdministratorList
{
    public required IReadOnlyList<AdministratorView> Items { get; init; }
}

public sealed record AddAdministratorRequest
{
    /// <summary>1 to 256 characters.</summary>
    public required string Subject { get; init; }

    public required string Provisioner { get; init; }

    public bool Super { get; init; }
}

public sealed record ChangeAdministratorRequest
{
    public bool Super { get; init; }
}

/// <summary>Which names this authority certifies for tokens and ACME orders, whatever the provisioner's own policy says.</summary>
public sealed record AuthorityPolicyView
{
    /// <summary>As step-ca's <c>ca.json</c> writes it. Null: every name.</summary>
    public JsonElement? Policy { get; init; }

    /// <summary>Sent back as <c>If-Match</c>, it replaces this policy and no other; 0: there is none.</summary>
    public long Version { get; init; }
}
