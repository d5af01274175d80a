namespace IoTPlatform.Contracts.Devices;

public enum DeviceStatus
{
    Enrolled,
    Revoked,
}
