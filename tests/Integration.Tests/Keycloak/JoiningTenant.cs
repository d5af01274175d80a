using System.Net;
using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;
using IoTPlatform.Stacks;

namespace IoTPlatform.Integration.Tests.Keycloak;

/// <summary>A tenant's side of a JOIN: its keys, and the key it was given.</summary>
internal sealed class JoiningTenant : IDisposable
{
    private readonly CaKey _subCa = CaKey.Generate(KeyKind.P256);
    private readonly ECDsa _bridge = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ProviderClient _client;
    private readonly string _joinKey;

    private JoiningTenant(ProviderStack provider, string tenantId, string joinKey)
    {
        TenantId = tenantId;
        _client = ProviderClient.Create(provider.Url, provider.Trust.Provider(), timeout: TimeSpan.FromSeconds(60));
        _joinKey = joinKey;
    }

    public string TenantId { get; }

    public string ClientId => "cdm-federation-" + TenantId;

    public string Callback => $"https://keycloak.{TenantId}.example/realms/{TenantId}/broker/cdm-provider/endpoint";

    public static async Task<JoiningTenant> PrepareAsync(ProviderStack provider, string tenantId) =>
        new(provider, tenantId, (await provider.PrepareAsync(tenantId)).JoinKey);

    public Task<JoinBundle> JoinAsync(bool withKeycloak = true, Uri? portal = null) => _client.JoinAsync(_joinKey, new JoinRequest
    {
        SubCaCsr = _subCa.CreateCsrPem(new SubjectNames()),
        MqttBridgeCsr = CertificateSigningRequest.CreatePem(_bridge, new SubjectNames()),
        KeycloakUrl = withKeycloak && portal is null ? $"https://keycloak.{TenantId}.example" : null,
        PortalUrl = portal?.AbsoluteUri,
    });

    /// <summary>The bundle has come.</summary>
    public Task ConfirmAsync() =>
        _client.ConfirmJoinAsync(TenantId, new JoinConfirmation { Proof = KeyProof.Create(_subCa, TenantId, _client.ConfirmUrl(TenantId), TimeProvider.System) });

    /// <summary>The JOIN can't be done now: 503, when to come again, and a reason.</summary>
    public async Task<string> WaitsAsync()
    {
        var refused = await Should.ThrowAsync<ApiException>(() => JoinAsync());
        refused.Status.ShouldBe((int)HttpStatusCode.ServiceUnavailable, refused.Message);
        refused.Code.ShouldBe("dependency_unavailable");
        refused.RetryAfter!.Value.ShouldBeGreaterThan(TimeSpan.Zero);
        return refused.Message;
    }

    public void Dispose()
    {
        _client.Dispose();
        _subCa.Dispose();
        _bridge.Dispose();
    }
}
