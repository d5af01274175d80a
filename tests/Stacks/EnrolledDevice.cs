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
    private ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly TenantStack _tenant;
    private readonly string _deviceId;
    private readonly ServerVerifier _trust;
    private EnrollResponse _identity = null!;
    private string _token = "";

    private EnrolledDevice(TenantStack tenant, string deviceId) => (_tenant, _deviceId, _trust) = (tenant, deviceId, tenant.Trust);

    /// <summary>Key, certificate, Sub-CA, intermediate.</summary>
    public string KeyAndChainPem => _key.ExportPkcs8PrivateKeyPem() + "\n" + _identity.Certificate + _identity.CaChain;

    /// <summary>Decimal, of the newest certificate.</summary>
    public string Serial
    {
        get
        {
            using var certificate = Pem.ParseCertificate(_identity.Certificate);
            return new BigInteger(certificate.SerialNumberBytes.Span, isUnsigned: true, isBigEndian: true).ToString(CultureInfo.InvariantCulture);
        }
    }

    public string IssuerKeyId
    {
        get
        {
            using var certificate = Pem.ParseCertificate(_identity.Certificate);
            return Convert.ToHexString(certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().Single().KeyIdentifier!.Value.Span);
        }
    }

    public static string KeyIdOf(X509Certificate2 issuer) => issuer.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifier!;

    public static async Task<EnrolledDevice> EnrollAsync(TenantStack tenant, TenantClient admin, string deviceId)
    {
        var device = new EnrolledDevice(tenant, deviceId);
        device._token = (await admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { DeviceId = deviceId })).Token;
        using var client = TenantClient.Create(tenant.Url, tenant.Trust);
        device._identity = await client.EnrollAsync(deviceId, device._token, new EnrollRequest { Csr = CertificateSigningRequest.CreatePem(device._key, new SubjectNames()) });
        return device;
    }

    /// <summary>The same token once more, for another key: what only a thief of it would do.</summary>
    public async Task EnrollAgainWithAnotherKeyAsync()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var client = TenantClient.Create(_tenant.Url, _trust);
        await client.EnrollAsync(_deviceId, _token, new EnrollRequest { Csr = CertificateSigningRequest.CreatePem(other, new SubjectNames()) });
    }

    /// <summary>With its newest certificate.</summary>
    public TenantClient Client()
    {
        using var certificate = Pem.ParseCertificate(_identity.Certificate);
        return TenantClient.Create(_tenant.Url, _trust, certificate.CopyWithPrivateKey(_key), [.. Pem.ParseCertificates(_identity.CaChain)]);
    }

    public async Task RenewAsync()
    {
        using var client = Client();
        _identity = await client.RenewAsync(_deviceId, new RenewRequest());
    }

    /// <summary>As <see cref="RenewAsync"/>, with another key: always another certificate.</summary>
    public async Task RenewWithAnotherKeyAsync()
    {
        var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using (var client = Client())
        {
            _identity = await client.RenewAsync(_deviceId, new RenewRequest { Csr = CertificateSigningRequest.CreatePem(next, new SubjectNames()) });
        }

        _key.Dispose();
        _key = next;
    }

    /// <summary>Throws unless the certificate chains to the root now.</summary>
    public void Verify(X509Certificate2 root)
    {
        using var certificate = Pem.ParseCertificate(_identity.Certificate);
        var verified = ChainVerifier.Verify(certificate, Pem.ParseCertificates(_identity.CaChain), [root], CertificatePurpose.ClientAuth, TimeProvider.System.GetUtcNow());
        if (!verified.IsValid)
        {
            throw new InvalidOperationException(verified.Reason);
        }
    }

    public void Dispose() => _key.Dispose();
}
