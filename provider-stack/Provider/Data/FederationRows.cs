namespace IoTPlatform.Provider.Data;

/// <summary>The client secret in the bundle of a JOIN that is to replace another one.</summary>
internal sealed class JoinSecretRow
{
    public required Guid JoinId { get; init; }

    /// <summary>Encrypted as the tenant's own secret is.</summary>
    public required string Ciphertext { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A tenant's client at Keycloak, written before it is asked for.</summary>
internal sealed class KeycloakRegistrationRow
{
    public required string TenantId { get; init; }
    public required string RedirectUri { get; set; }

    /// <summary>The registration access token, encrypted; null: not known.</summary>
    public string? Ciphertext { get; set; }
    public required DateTimeOffset UpdatedAt { get; set; }
}
