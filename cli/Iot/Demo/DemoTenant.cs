using IoTPlatform.Client;

namespace IoTPlatform.Iot;

/// <summary>A joined tenant of the demo, with its administrator logged in.</summary>
internal sealed class DemoTenant(string id, DemoHost host, TenantClient admin, RootTrust trust) : IDisposable
{
    public string Id { get; } = id;
    public DemoHost Host { get; } = host;
    public TenantClient Admin { get; } = admin;
    public RootTrust Trust { get; } = trust;

    public void Dispose() => Admin.Dispose();
}
