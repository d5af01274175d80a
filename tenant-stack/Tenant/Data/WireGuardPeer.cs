using System.Net;

namespace IoTPlatform.Tenant.Data;

/// <summary>An address of the subnet that is or was in use.</summary>
internal sealed class WireGuardPeer
{
    public required IPAddress Address { get; init; }
    public required IPNetwork Subnet { get; init; }
    public string? DeviceId { get; set; }
    public string? PublicKey { get; set; }
    public required DateTimeOffset AssignedAt { get; set; }
    public DateTimeOffset? ReleasedAt { get; set; }
}
