namespace IoTPlatform.Provider.Data;

/// <summary>One tenant stack's request to join, bound to its Sub-CA key, and the state of its workflow.</summary>
internal sealed class JoinRow
{
    public required Guid JoinId { get; init; }
    public required string TenantId { get; init; }
    public required JoinOrigin Origin { get; init; }
    public required byte[] SubCaCsr { get; set; }
    public required byte[] SubCaKeySha256 { get; init; }
    public required byte[] SubCaPublicKey { get; init; }
    public required byte[] BridgeCsr { get; set; }
    public required byte[] BridgeKeySha256 { get; set; }
    public string? WgPubkey { get; set; }
    public string? KeycloakUrl { get; set; }
    public string? PortalUrl { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The address that asked without a key; null: it had one.</summary>
    public string? AskedFrom { get; set; }
    public DateTimeOffset? RejectedAt { get; set; }
    public string? Reason { get; set; }
    public DateTimeOffset? CompletedAt { get; set; }
    public DateTimeOffset? ConfirmedAt { get; set; }
    public byte[]? SubCaSerial { get; set; }
    public byte[]? BridgeSerial { get; set; }

    /// <summary>The Sub-CA's issuers up to and including the root, PEM.</summary>
    public string? CaChain { get; set; }
}

internal sealed class JoinStepRow
{
    public required Guid WorkflowId { get; init; }
    public required string TenantId { get; init; }
    public required string Step { get; init; }
    public int Attempts { get; set; }
    public DateTimeOffset? CompletedAt { get; set; }
    public double? DurationMs { get; set; }
    public string? LastError { get; set; }
}

internal sealed class JoinKeyRow
{
    public required byte[] KeyHash { get; init; }
    public required string TenantId { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public DateTimeOffset? RevokedAt { get; set; }
    public DateTimeOffset? SpentAt { get; set; }

    /// <summary>Set once, by the first valid use.</summary>
    public Guid? JoinId { get; set; }
}

internal enum JoinOrigin
{
    /// <summary>Admitted by a JOIN key.</summary>
    Key,

    /// <summary>Asked for over the approve-and-poll flow.</summary>
    Request,
}
