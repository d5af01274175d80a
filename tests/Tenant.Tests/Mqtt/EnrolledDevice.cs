using IoTPlatform.Contracts.Devices;
using IoTPlatform.Tenant.Tests.Support;
using MQTTnet.Formatter;

namespace IoTPlatform.Tenant.Tests.Mqtt;

/// <summary>A device with its certificate.</summary>
internal sealed record EnrolledDevice(TestTenant Tenant, TestDevice Device, EnrollResponse Answer) : IDisposable
{
    public static async Task<EnrolledDevice> EnrollAsync(SharedTenant shared, string id)
    {
        var device = new TestDevice(id);
        return new EnrolledDevice(shared.Tenant, device, await device.EnrollAsync(shared.Tenant, await shared.TokenAsync(id)));
    }

    public Task<MqttDevice> ConnectAsync(string? clientId = null, MqttProtocolVersion version = MqttProtocolVersion.V500) =>
        MqttDevice.ConnectAsync(Tenant, clientId ?? Device.Id, Device.Identity(Answer), Answer.CaChain, version);

    public void Dispose() => Device.Dispose();
}
