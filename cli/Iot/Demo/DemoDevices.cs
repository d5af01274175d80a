using System.Globalization;
using IoTPlatform.Agent;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;

namespace IoTPlatform.Iot;

/// <summary>The demo's devices: each has its own folder and goes through the agent that runs on real ones.</summary>
internal sealed class DemoDevices(DemoFolder folder, TimeProvider time)
{
    private static readonly (string Suffix, string Type)[] Kinds = [("pump-1", "pump"), ("meter-1", "meter"), ("valve-1", "valve")];

    public async Task<IReadOnlyList<DemoDevice>> EnrollAsync(IReadOnlyList<DemoTenant> tenants, CancellationToken cancellationToken)
    {
        var devices = new List<DemoDevice>();
        foreach (var tenant in tenants)
        {
            foreach (var (suffix, type) in Kinds)
            {
                devices.Add(await EnrollAsync(tenant, $"{tenant.Id}-{suffix}", type, cancellationToken));
            }
        }
        return devices;
    }

    public async Task<DemoRenewal> RenewAsync(DemoDevice device, CancellationToken cancellationToken)
    {
        using var files = Open(device.Tenant, device.DeviceId);
        using var before = files.LoadIdentity()!;
        using var after = await new DeviceAgent(files, time).RenewAsync(newKey: true, cancellationToken);
        Expect.That(Serial(before) != Serial(after), $"{device.DeviceId} got its old certificate back");
        Expect.That(!before.Certificate.GetPublicKey().AsSpan().SequenceEqual(after.Certificate.GetPublicKey()), $"{device.DeviceId} renewed without its new key");
        return new DemoRenewal(device.Tenant, device.DeviceId, Serial(before), Serial(after));
    }

    public async Task<DemoRevocation> RevokeAsync(DemoTenant tenant, DemoDevice device, CancellationToken cancellationToken)
    {
        await tenant.Admin.RevokeDeviceAsync(device.DeviceId, new RevokeRequest { ReasonCode = (int)RevocationReason.KeyCompromise, Reason = "demo: stolen" }, cancellationToken);
        using var files = Open(device.Tenant, device.DeviceId);
        try
        {
            using var renewed = await new DeviceAgent(files, time).RenewAsync(newKey: true, cancellationToken);
        }
        catch (ApiException e) when (e.Status is 401 or 403)
        {
            return new DemoRevocation(tenant.Id, device.DeviceId, e.Status, e.Code);
        }
        throw CliException.Failed("revocation_not_enforced", $"{device.DeviceId} is revoked and could still renew");
    }

    /// <summary>The device's way to its tenant, with its newest certificate.</summary>
    public TenantClient Connect(DemoTenant tenant, DemoDevice device)
    {
        using var files = Open(tenant.Id, device.DeviceId);
        var identity = files.LoadIdentity()!;
        return TenantClient.Create(tenant.Host.Ready.Url, tenant.Trust.Tenant(DemoStacks.TrustDomain(tenant.Host)), identity.Certificate, [.. identity.Chain.Intermediates]);
    }

    /// <summary>The folder of a device that has its certificate over MQTT.</summary>
    public async Task<DeviceFolder> EnrollOverMqttAsync(DemoTenant tenant, string id, CancellationToken cancellationToken)
    {
        var token = await tenant.Admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { DeviceId = id, ExpiresInSeconds = 600, Note = "demo" }, cancellationToken);
        var files = Open(tenant.Id, id);
        using var identity = await new DeviceAgent(files, time, AgentTransport.Mqtt).EnrollAsync(new Enrollment
        {
            Settings = new DeviceSettings { TenantUrl = tenant.Host.Ready.Url, DeviceId = id, TrustDomain = token.TrustDomain, Transport = AgentTransport.Mqtt },
            Root = tenant.Trust,
            Token = token.Token,
        }, cancellationToken);
        return files;
    }

    private async Task<DemoDevice> EnrollAsync(DemoTenant tenant, string id, string type, CancellationToken cancellationToken)
    {
        var token = await tenant.Admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { DeviceId = id, ExpiresInSeconds = 600, Note = "demo" }, cancellationToken);
        using var files = Open(tenant.Id, id);
        using var identity = await new DeviceAgent(files, time).EnrollAsync(new Enrollment
        {
            Settings = new DeviceSettings { TenantUrl = tenant.Host.Ready.Url, DeviceId = id, DeviceName = id.Replace('-', ' '), DeviceType = type, TrustDomain = token.TrustDomain },
            Root = tenant.Trust,
            Token = token.Token,
            WithWireGuard = true,
        }, cancellationToken);
        return new DemoDevice(tenant.Id, id, Serial(identity), identity.NotAfter, files.IdentityPath);
    }

    private DeviceFolder Open(string tenant, string device)
    {
        folder.Create("devices", tenant);
        return DeviceFolder.Open(folder.Combine("devices", tenant, device));
    }

    private static string Serial(DeviceIdentity identity) => SerialNumber.ToDecimal(identity.Certificate.SerialNumberBytes.Span);
}

/// <summary>A joined tenant of the demo, with its administrator logged in.</summary>
internal sealed class DemoTenant(string id, DemoHost host, TenantClient admin, RootTrust trust) : IDisposable
{
    public string Id { get; } = id;
    public DemoHost Host { get; } = host;
    public TenantClient Admin { get; } = admin;
    public RootTrust Trust { get; } = trust;

    public void Dispose() => Admin.Dispose();
}
