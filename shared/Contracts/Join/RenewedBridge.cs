namespace IoTPlatform.Contracts.Join;

public sealed record RenewedBridge
{
    public required string MqttBridgeCert { get; init; }
    public required string CaChain { get; init; }
}
