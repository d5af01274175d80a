using IoTPlatform.Tenant.Features.WireGuard;

namespace IoTPlatform.Tenant.Features.Join.Checks;

/// <summary>The WireGuard server key exists.</summary>
internal sealed class WireGuardKeyCheck(WireGuardServerKey key) : IFirstBootCheck
{
    public string Name => "wireguard-key";

    public Task<string?> InspectAsync(CancellationToken cancellationToken) => Task.FromResult(key.Exists ? null : "no WireGuard server key");

    public Task FixAsync(CancellationToken cancellationToken)
    {
        key.Create();
        return Task.CompletedTask;
    }
}
