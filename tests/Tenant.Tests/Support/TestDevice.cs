using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;

namespace IoTPlatform.Tenant.Tests.Support;

/// <summary>A device with a real key.</summary>
internal sealed class TestDevice(string id) : IDisposable
{
    public string Id => id;
    public ECDsa Key { get; private set; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    public string Csr => CertificateSigningRequest.CreatePem(Key, new SubjectNames { CommonName = id });
    public string? WireGuardKey { get; set; }
    public string DeviceType { get; set; } = "pump";

    public EnrollRequest Request => new() { Csr = Csr, DeviceName = "Pump in hall 3", DeviceType = DeviceType, WgPublicKey = WireGuardKey };

    public void NewKey()
    {
        Key.Dispose();
        Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    }

    public async Task<EnrollResponse> EnrollAsync(TestTenant tenant, string? token, X509Certificate2? manufacturer = null)
    {
        using var client = tenant.Client(manufacturer);
        return await client.EnrollAsync(id, token, Request);
    }

    public async Task<EnrollResponse> RenewAsync(TestTenant tenant, X509Certificate2 identity, string? csr = null, string? id = null)
    {
        using var client = tenant.Client(identity);
        return await client.RenewAsync(id ?? Id, new RenewRequest { Csr = csr });
    }

    /// <summary>The certificate with this device's key, for mTLS.</summary>
    public X509Certificate2 Identity(EnrollResponse answer)
    {
        using var certificate = X509Certificate2.CreateFromPem(answer.Certificate);
        return certificate.CopyWithPrivateKey(Key);
    }

    public void Dispose() => Key.Dispose();
}
