using System.Text.Json.Serialization;

namespace IoTPlatform.Contracts.Devices;

[JsonConverter(typeof(SnakeCaseEnum<DeviceStatus>))]
public enum DeviceStatus
{
    Enrolled,
    Revoked,
}
