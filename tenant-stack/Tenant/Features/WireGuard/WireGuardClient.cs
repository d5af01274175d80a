using System.Net;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Features.WireGuard;

/// <summary>The device's side of the tunnel.</summary>
internal sealed class WireGuardClient(TenantOptions options, WireGuardServerKey server)
{
    public const string PrivateKeyPlaceholder = "<PRIVATE_KEY>";

    public WireGuardConfiguration Describe(IPAddress address) => new()
    {
        Address = $"{address}/32",
        ServerPublicKey = server.PublicKey,
        Endpoint = options.WireGuardEndpoint,
        AllowedIps = options.WireGuardSubnet.ToString(),
        Configuration = $"""
            [Interface]
            PrivateKey = {PrivateKeyPlaceholder}
            Address = {address}/32

            [Peer]
            PublicKey = {server.PublicKey}
            Endpoint = {options.WireGuardEndpoint}
            AllowedIPs = {options.WireGuardSubnet}
            PersistentKeepalive = 25

            """.ReplaceLineEndings("\n"),
    };
}
