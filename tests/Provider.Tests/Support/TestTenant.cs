using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.Provider.Tests.Support;

/// <summary>A tenant stack's keys, and the requests it makes with them.</summary>
internal sealed class TestTenant : IDisposable
{
    public CaKey SubCa { get; } = CaKey.Generate(KeyKind.P256);
    public ECDsa Bridge { get; private set; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>As a tenant does that joins again because its bridge certificate was revoked.</summary>
    public void MakeNewBridgeKey()
    {
        Bridge.Dispose();
        Bridge = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    }

    public JoinRequest Request(string? keycloakUrl = "https://keycloak.acme.example") => new()
    {
        SubCaCsr = SubCa.CreateCsrPem(new SubjectNames()),
        MqttBridgeCsr = CertificateSigningRequest.CreatePem(Bridge, new SubjectNames()),
        WgPubkey = Convert.ToBase64String(SHA256.HashData(SubCa.SubjectPublicKeyInfo)),
        KeycloakUrl = keycloakUrl,
    };

    /// <summary>A proof of the Sub-CA key.</summary>
    public string Proof(string tenantId, Uri audience, TimeProvider time, byte[]? newKey = null) => KeyProof.Create(
        SubCa, tenantId, audience, time,
        newKey is null ? null : new Dictionary<string, string> { ["spki"] = Base64Url.EncodeToString(SHA256.HashData(newKey)) });

    public X509Certificate2 WithBridgeKey(string certificatePem)
    {
        using var certificate = X509Certificate2.CreateFromPem(certificatePem);
        return certificate.CopyWithPrivateKey(Bridge);
    }

    public void Dispose()
    {
        SubCa.Dispose();
        Bridge.Dispose();
    }
}
