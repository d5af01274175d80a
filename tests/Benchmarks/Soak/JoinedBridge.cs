using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography;
using IoTPlatform.Benchmarks.Join;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;
using IoTPlatform.Stacks;

namespace IoTPlatform.Benchmarks.Soak;

/// <summary>The bridge certificate of a tenant that joined over the API, and those that its holder got by renewing.</summary>
internal sealed class JoinedBridge(ProviderStack provider, string tenantId, X509Certificate2 certificate) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<X509Certificate2> _certificates = [certificate];

    public IReadOnlyList<X509Certificate2> Certificates
    {
        get
        {
            lock (_gate)
            {
                return [.. _certificates];
            }
        }
    }

    public static async Task<JoinedBridge> JoinAsync(ProviderStack provider, string tenantId, CancellationToken cancellationToken)
    {
        var prepared = await provider.PrepareAsync(tenantId);
        using var tenant = new JoiningTenant(tenantId, prepared.JoinKey);
        tenant.MakeRequest();
        using var anybody = ProviderClient.Create(provider.Url, provider.Trust.Provider());
        await tenant.JoinAsync(anybody, cancellationToken);
        await tenant.ConfirmAsync(anybody, cancellationToken);
        return new JoinedBridge(provider, tenantId, tenant.BridgeCertificate());
    }

    /// <summary>Renews over one connection with new keys, as fast as possible, until it is stopped.</summary>
    public async Task RenewUntilAsync(CancellationToken stop)
    {
        using var client = ProviderClient.Create(provider.Url, provider.Trust.Provider(), Certificates[0]);
        while (!stop.IsCancellationRequested)
        {
            await RenewAsync(client, stop);
        }
    }

    // A refusal is what the provider owes the holder at some moment; what it made nevertheless is counted afterwards.
    private async Task RenewAsync(ProviderClient client, CancellationToken stop)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        try
        {
            var renewed = await client.RenewBridgeAsync(
                tenantId, new RenewBridgeRequest { MqttBridgeCsr = CertificateSigningRequest.CreatePem(key, new SubjectNames { CommonName = MqttBridgeName.For(tenantId) }) }, stop);
            using var leaf = X509Certificate2.CreateFromPem(renewed.MqttBridgeCert);
            lock (_gate)
            {
                _certificates.Add(leaf.CopyWithPrivateKey(key));
            }
        }
        catch (Exception e) when (e is ApiException or UnreachableException || stop.IsCancellationRequested)
        {
            return;
        }
    }

    /// <summary>Whether the provider takes a certificate for its tenant's.</summary>
    public async Task<bool> IsLetInAsync(X509Certificate2 bridge, CancellationToken cancellationToken)
    {
        using var http = PlatformHttp.Create(provider.Url, provider.Trust.Provider(), bridge, TimeSpan.FromSeconds(20));
        using var platform = await http.GetAsync(new Uri("portal/admin/platform", UriKind.Relative), cancellationToken);
        using var federation = await http.GetAsync(new Uri($"portal/admin/tenants/{tenantId}/federation", UriKind.Relative), cancellationToken);
        return platform.IsSuccessStatusCode || federation.IsSuccessStatusCode;
    }

    public void Dispose()
    {
        foreach (var held in Certificates)
        {
            held.Dispose();
        }
    }
}
