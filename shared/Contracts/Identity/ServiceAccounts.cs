namespace IoTPlatform.Contracts.Identity;

/// <summary><c>GET /portal/admin/service-accounts</c>: a program that has tokens of this host's issuer.</summary>
public sealed record ServiceAccountView
{
    public const string Secret = "client_secret";
    public const string Key = "private_key_jwt";

    public required string Name { get; init; }

    /// <summary>Also what the audit log calls it, after <c>oidc:</c>.</summary>
    public required string ClientId { get; init; }

    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>How it proves who it is: <see cref="Secret"/> or <see cref="Key"/>.</summary>
    public required string Authentication { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>All of them.</summary>
public sealed record ServiceAccountList
{
    public required IReadOnlyList<ServiceAccountView> Items { get; init; }
}

/// <summary><c>POST /portal/admin/service-accounts</c>.</summary>
public sealed record AddServiceAccountRequest
{
    /// <summary>1 to 48 lower-case letters, digits and inner dashes.</summary>
    public required string Name { get; init; }

    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>PEM, SubjectPublicKeyInfo; null: it gets a secret.</summary>
    public string? PublicKey { get; init; }
}

/// <summary><c>POST /portal/admin/service-accounts/{name}/rotate</c>: the secret or key before is worth nothing from now on.</summary>
public sealed record RotateServiceAccountRequest
{
    /// <summary>PEM, SubjectPublicKeyInfo; null: it gets a secret.</summary>
    public string? PublicKey { get; init; }
}

/// <summary>What the program signs in with. A class, not a record: it carries a secret.</summary>
public sealed class ServiceAccountCredentials
{
    public required string ClientId { get; init; }

    /// <summary>Shown this once; null: it signs with its key.</summary>
    public string? ClientSecret { get; init; }

    public required string TokenEndpoint { get; init; }

    /// <summary>What it asks for.</summary>
    public required string Scope { get; init; }
}
