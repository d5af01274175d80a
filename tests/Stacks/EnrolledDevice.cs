using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Stacks;

/// <summary>A device of a running tenant, over HTTPS.</summary>
public sealed class EnrolledDevice : IDisposable
{
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly TenantStack tenant;
    private readonly string deviceId;
    private readonly ServerVerifier trust;
    private EnrollResponse identity = null!;
    private string token = "";

    private EnrolledDevice(TenantStack tenant, string deviceId) => (this.tenant, this.deviceId, trust) = (tenant, deviceId, tenant.Trust);

    /// <summary>Key, certificate, Sub-CA, intermediate.</summary>
    public string KeyAndChainPem => key.ExportPkcs8PrivateKeyPem() + "\n" + identity.Certificate + identity.CaChain;

    /// <summary>Decimal, of the newest certificate.</summary>
    public string Serial
    {
        get
        {
            using var certificate = Pem.ParseCertificate(identity.Certificate);
            return new BigInteger(certificate.SerialNumberBytes.Span, isUnsigned: true, isBigEndian: true).ToString(CultureInfo.InvariantCulture);
        }
    }

    public string IssuerKeyId
    {
        get
        {
            using var certificate = Pem.ParseCertificate(identity.Certificate);
            return Convert.ToHexString(certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().Single().KeyIdentifier!.Value.Span);
        }
    }

    public static string KeyIdOf(X509Certificate2 issuer) => issuer.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifier!;

    public static async Task<EnrolledDevice> EnrollAsync(TenantStack tenant, TenantClient admin, string deviceId)
    {
        var device = new EnrolledDevice(tenant, deviceId);
        device.token = (await admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { DeviceId = deviceId })).Token;
        using var client = TenantClient.Create(tenant.Url, tenant.Trust);
        device.identity = await client.EnrollAsync(deviceId, device.token, new EnrollRequest { Csr = CertificateSigningRequest.CreatePem(device.key, new SubjectNames()) });
        return device;
    }

    /// <summary>The same token once more, for another key: what only a thief of it would do.</summary>
    public async Task EnrollAgainWithAnotherKeyAsync()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var client = TenantClient.Create(tenant.Url, trust);
        await client.EnrollAsync(deviceId, token, new EnrollRequest { Csr = CertificateSigningRequest.CreatePem(other, new SubjectNames()) });
    }

    public async Task RenewAsync()
    {
        using var certificate = Pem.ParseCertificate(identity.Certificate);
        using var current = certificate.CopyWithPrivateKey(key);
        using var client = TenantClient.Create(tenant.Url, trust, current, [.. Pem.ParseCertificates(identity.CaChain)]);
        identity = await client.RenewAsync(deviceId, new RenewRequest());
    }

    /// <summary>Throws unless the certificate chains to the root now.</summary>
    public void Verify(X509Certificate2 root)
    {
        using var certificate = Pem.ParseCertificate(identity.Certificate);
        var verified = ChainVerifier.Verify(certificate, Pem.ParseCertificates(identity.CaChain), [root], CertificatePurpose.ClientAuth, TimeProvider.System.GetUtcNow());
        if (!verified.IsValid)
        {
            throw new InvalidOperationException(verified.Reason);
        }
    }

    public void Dispose() => key.Dispose();
}
