using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.Benchmarks.Join;

/// <summary>One tenant up to its confirmation. Keys and CSRs are made beforehand.</summary>
internal sealed class JoiningTenant(string tenantId, string joinKey) : IDisposable
{
    private readonly CaKey _subCaKey = CaKey.Generate(KeyKind.P256);
    private readonly ECDsa _bridgeKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private JoinRequest? _request;
    private string? _bridgeCertificate;

    public JoinRequest Request => _request ?? throw new InvalidOperationException("MakeRequest comes first");

    public void MakeRequest()
    {
        _request = new JoinRequest
        {
            SubCaCsr = _subCaKey.CreateCsrPem(new SubjectNames { CommonName = SubCaName.For(tenantId) }),
            MqttBridgeCsr = CertificateSigningRequest.CreatePem(_bridgeKey, new SubjectNames { CommonName = MqttBridgeName.For(tenantId) }),
            WgPubkey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
        };
    }

    /// <summary>POST join: true if the whole bundle came back.</summary>
    public async Task<bool> JoinAsync(ProviderClient provider, CancellationToken cancellationToken)
    {
        var bundle = await provider.JoinAsync(joinKey, Request, cancellationToken);
        _bridgeCertificate = bundle.MqttBridgeCert;
        return bundle.TenantId == tenantId && bundle.SignedCert.Contains("BEGIN CERTIFICATE", StringComparison.Ordinal);
    }

    /// <summary>POST join-confirm: the key is spent.</summary>
    public async Task<bool> ConfirmAsync(ProviderClient provider, CancellationToken cancellationToken)
    {
        var proof = KeyProof.Create(_subCaKey, tenantId, provider.ConfirmUrl(tenantId), TimeProvider.System);
        await provider.ConfirmJoinAsync(tenantId, new JoinConfirmation { Proof = proof }, cancellationToken);
        return true;
    }

    /// <summary>With its key, once the bundle came.</summary>
    public X509Certificate2 BridgeCertificate()
    {
        using var certificate = X509Certificate2.CreateFromPem(_bridgeCertificate);
        return certificate.CopyWithPrivateKey(_bridgeKey);
    }

    public void Dispose()
    {
        _subCaKey.Dispose();
        _bridgeKey.Dispose();
    }
}
