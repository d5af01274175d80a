using System.Text.Json.Serialization;

namespace IoTPlatform.Contracts.Tenants;

[JsonConverter(typeof(SnakeCaseEnum<TenantStatus>))]
public enum TenantStatus
{
    /// <summary>A JOIN key or an approval is outstanding.</summary>
    Prepared,

    /// <summary>Sent by the tenant over the approve-and-poll flow; an admin has to decide.</summary>
    Requested,

    /// <summary>Bound to a Sub-CA key; the workflow is running.</summary>
    Joining,

    /// <summary>Every step done; the bundle may be fetched until the tenant confirms.</summary>
    Joined,

    /// <summary>The tenant confirmed the bundle; the JOIN key is spent.</summary>
    Active,
    Rejected,

    /// <summary>Being undone; ends with the row gone from the list and only the audit log and revoked certificates left.</summary>
    Removing,
    Removed,
}
