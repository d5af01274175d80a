using IoTPlatform.Contracts;
using IoTPlatform.Hosting;

namespace IoTPlatform.Tenant.Features.Devices;

/// <summary>The device id of a URL.</summary>
internal static class DevicePath
{
    // A literal segment beside {deviceId} in the portal's routes.
    private const string Reserved = "tokens";

    public static string Check(string deviceId) => DeviceId.IsValid(deviceId) && deviceId != Reserved
        ? deviceId
        : throw new ProblemException(400, "invalid_device_id", $"A device id is one or more DNS labels in lower case, at most {DeviceId.MaxLength} characters, and not '{Reserved}'.");
}
