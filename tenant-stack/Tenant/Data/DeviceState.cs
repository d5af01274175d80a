namespace IoTPlatform.Tenant.Data;

/// <summary>Values of <c>tenant.devices.status</c>.</summary>
internal static class DeviceState
{
    public const string Enrolled = "enrolled";
    public const string Revoked = "revoked";
}
