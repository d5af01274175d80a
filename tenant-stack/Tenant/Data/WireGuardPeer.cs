using System.Net;

namespace IoTPlatform.Tenant.Data;

/// <summary>An address of the subnet that is or was in use.</summary>
internal sealed class WireGuardPeer
{
    public required IPAddress Address { get; init; }
    public required IPNetwork Subnet { get; init; }
    public string? DeviceId { get; init; }
    public string? PublicKey { get; init; }
}
