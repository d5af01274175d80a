namespace IoTPlatform.Contracts.Join;

/// <summary><c>POST /portal/admin/tenants/{tenant_id}/bridge/renew</c>, mTLS with the current bridge certificate.</summary>
public sealed record RenewBridgeRequest
{
    public required string MqttBridgeCsr { get; init; }
}
