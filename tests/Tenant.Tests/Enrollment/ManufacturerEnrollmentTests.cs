using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.Enrollment;

/// <summary>Enrolment with the certificate a device left the factory with.</summary>
public sealed class ManufacturerEnrollmentTests : IAsyncLifetime
{
    private readonly TempFolder folder = new();
    private readonly ManufacturerCa manufacturer = new("CN=Pump Works Root");
    private TestTenant tenant = null!;

    public async Task InitializeAsync()
    {
        await File.WriteAllTextAsync(folder.Combine("manufacturer.pem"), manufacturer.Certificate.ExportCertificatePem());
        tenant = await TestTenant.StartAsync(t => t.ManufacturerCa = folder.Combine("manufacturer.pem"));
    }

    public async Task DisposeAsync()
    {
        await tenant.DisposeAsync();
        manufacturer.Dispose();
        folder.Dispose();
    }

    [SkippableTheory]
    [InlineData("CN=pw-1001")]
    [InlineData("CN=Pump Works Pump, SERIALNUMBER=PW-1001")]
    public async Task Enroll_CertificateNamesTheDevice_NeedsNoToken(string subject)
    {
        using var device = new TestDevice("pw-1001");
        using var factory = manufacturer.Issue(subject);

        var answer = await device.EnrollAsync(tenant, token: null, factory);

        using var identity = device.Identity(answer);
        await device.RenewAsync(tenant, identity);
        (await tenant.Database.ScalarAsync<string>("SELECT enrolled_by FROM tenant.devices"))!.ShouldStartWith("manufacturer:");
    }

    [SkippableFact]
    public async Task Enroll_Again_IsFree()
    {
        using var device = new TestDevice("pw-1002");
        using var factory = manufacturer.Issue("CN=pw-1002");
        var first = await device.EnrollAsync(tenant, null, factory);

        (await device.EnrollAsync(tenant, null, factory)).Certificate.ShouldBe(first.Certificate);
    }

    [SkippableFact]
    public async Task Enroll_CertificateOfAnotherDevice_IsRefused()
    {
        using var device = new TestDevice("pw-1003");
        using var factory = manufacturer.Issue("CN=pw-1004");

        await Refused.WithAsync(401, "manufacturer_certificate_refused", () => device.EnrollAsync(tenant, null, factory));
    }

    [SkippableFact]
    public async Task Enroll_SameNamesFromAnotherManufacturer_IsRefused()
    {
        using var impostor = new ManufacturerCa("CN=Pump Works Root");
        using var device = new TestDevice("pw-1005");
        using var factory = impostor.Issue("CN=pw-1005");

        await Refused.WithAsync(401, "manufacturer_certificate_refused", () => device.EnrollAsync(tenant, null, factory));
    }

    [SkippableFact]
    public async Task Enroll_ExpiredCertificate_IsRefused()
    {
        using var device = new TestDevice("pw-1006");
        using var factory = manufacturer.Issue("CN=pw-1006", expired: true);

        await Refused.WithAsync(401, "manufacturer_certificate_refused", () => device.EnrollAsync(tenant, null, factory));
    }

    [SkippableFact]
    public async Task Enroll_CaCertificateOfTheManufacturer_IsRefused()
    {
        using var device = new TestDevice("pw-1007");
        using var factory = manufacturer.Issue("CN=pw-1007", isCa: true);

        await Refused.WithAsync(401, "manufacturer_certificate_refused", () => device.EnrollAsync(tenant, null, factory));
    }

    [SkippableFact]
    public async Task Enroll_OwnDeviceCertificateInsteadOfAToken_IsRefused()
    {
        using var admin = await tenant.AdminAsync();
        var token = (await admin.CreateTokenAsync(new Contracts.Devices.CreateEnrollmentTokenRequest())).Token;
        using var device = new TestDevice("pw-1008");
        using var identity = device.Identity(await device.EnrollAsync(tenant, token));
        device.NewKey();

        await Refused.WithAsync(401, "manufacturer_certificate_refused", () => device.EnrollAsync(tenant, null, identity));
    }

    [SkippableFact]
    public async Task Enroll_RevokedDevice_FactoryCertificateDoesNotBringItBack()
    {
        using var admin = await tenant.AdminAsync();
        using var device = new TestDevice("pw-1009");
        using var factory = manufacturer.Issue("CN=pw-1009");
        await device.EnrollAsync(tenant, null, factory);
        await admin.RevokeDeviceAsync("pw-1009", new RevokeRequest());
        device.NewKey();

        await Refused.WithAsync(403, "device_revoked", () => device.EnrollAsync(tenant, null, factory));
    }

    [SkippableFact]
    public async Task Renew_WithTheFactoryCertificate_IsRefused()
    {
        using var device = new TestDevice("pw-1010");
        using var factory = manufacturer.Issue("CN=pw-1010");
        await device.EnrollAsync(tenant, null, factory);

        (await Should.ThrowAsync<ApiException>(() => device.RenewAsync(tenant, factory))).Status.ShouldBe(401);
    }

    private sealed class ManufacturerCa : IDisposable
    {
        private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        private readonly DateTimeOffset now = TimeProvider.System.GetUtcNow();

        public ManufacturerCa(string subject)
        {
            var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
            request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
            Certificate = request.CreateSelfSigned(now.AddYears(-1), now.AddYears(10));
        }

        public X509Certificate2 Certificate { get; }

        public X509Certificate2 Issue(string subject, bool expired = false, bool isCa = false)
        {
            using var leaf = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest(subject, leaf, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isCa, false, 0, true));
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false));
            using var issued = request.Create(Certificate, now.AddDays(-2), expired ? now.AddDays(-1) : now.AddYears(5), RandomNumberGenerator.GetBytes(8));
            return issued.CopyWithPrivateKey(leaf);
        }

        public void Dispose()
        {
            key.Dispose();
            Certificate.Dispose();
        }
    }
}
