using System.Net;
using IoTPlatform.Hosting.Observability;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Tests.Support;

internal static class Options
{
    public static TenantOptions Create(
        string dataPath = "/nowhere", string listen = "https://127.0.0.1:9543", Uri? provider = null, string? fingerprint = null, string? joinKey = null,
        string? tenantId = null, string? database = null, string? manufacturerCa = null, string wireGuardSubnet = "10.64.0.0/16", TimeSpan? deviceLifetime = null,
        ObservabilityOptions? observability = null, bool allowsProviderCommands = false, TimeSpan deviceRenewalGrace = default, string? federationCa = null) => new()
        {
            DataPath = dataPath,
            HasJoined = JoinRecord.HasJoined(dataPath),
            Listen = [listen],
            Names = ["localhost", "127.0.0.1"],
            PublicUrl = new Uri(listen),
            ProviderUrl = provider ?? new Uri("https://localhost:9443"),
            RootFingerprint = fingerprint,
            JoinKey = joinKey,
            TenantId = tenantId,
            Database = database,
            AdminPassword = "correct horse battery staple",
            ManufacturerCaFile = manufacturerCa,
            FederationCaFile = federationCa,
            WireGuardSubnet = IPNetwork.Parse(wireGuardSubnet),
            WireGuardEndpoint = "vpn.acme.example:51820",
            Observability = observability ?? new ObservabilityOptions(),
            DeviceLifetime = deviceLifetime ?? TimeSpan.FromHours(24),
            DeviceRenewalGrace = deviceRenewalGrace,
            AllowsProviderCommands = allowsProviderCommands,
            ResolvePasswords = folder => CertificateAuthority.CaPasswords.Resolve(folder, _ => null),
        };
}
