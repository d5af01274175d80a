using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.Enrollment;

/// <summary>Enrolment with the certificate a device left the factory with.</summary>
public sealed class ManufacturerEnrollmentTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private readonly ManufacturerCa _manufacturer = new("CN=Pump Works Root");
    private readonly ManufacturerCa _other = new("CN=Valve Works Root");
    private TestTenant _tenant = null!;

    public async Task InitializeAsync()
    {
        await File.WriteAllTextAsync(_folder.Combine("manufacturer.pem"), _manufacturer.Certificate.ExportCertificatePem() + "\n" + _other.Certificate.ExportCertificatePem());
        _tenant = await TestTenant.StartAsync(t => t.ManufacturerCa = _folder.Combine("manufacturer.pem"));
    }

    public async Task DisposeAsync()
    {
        await _tenant.DisposeAsync();
        _manufacturer.Dispose();
        _other.Dispose();
        _folder.Dispose();
    }

    [SkippableTheory]
    [InlineData("CN=pw-1001")]
    [InlineData("CN=Pump Works Pump, SERIALNUMBER=PW-1001")]
    public async Task Enroll_CertificateNamesTheDevice_NeedsNoToken(string subject)
    {
        using var device = new TestDevice("pw-1001");
        using var factory = _manufacturer.Issue(subject);

        var answer = await device.EnrollAsync(_tenant, token: null, factory);

        using var identity = device.Identity(answer);
        await device.RenewAsync(_tenant, identity);
        (await _tenant.Database.ScalarAsync<string>("SELECT enrolled_by FROM tenant.devices"))!.ShouldStartWith("manufacturer:");
    }

    [SkippableFact]
    public async Task Enroll_Again_IsFree()
    {
        using var device = new TestDevice("pw-1002");
        using var factory = _manufacturer.Issue("CN=pw-1002");
        var first = await device.EnrollAsync(_tenant, null, factory);

        (await device.EnrollAsync(_tenant, null, factory)).Certificate.ShouldBe(first.Certificate);
    }

    [SkippableFact]
    public async Task Enroll_CertificateOfAnotherDevice_IsRefused()
    {
        using var device = new TestDevice("pw-1003");
        using var factory = _manufacturer.Issue("CN=pw-1004");

        await Refused.WithAsync(401, "manufacturer_certificate_refused", () => device.EnrollAsync(_tenant, null, factory));
    }

    [SkippableFact]
    public async Task Enroll_SameNamesFromAnotherManufacturer_IsRefused()
    {
        using var impostor = new ManufacturerCa("CN=Pump Works Root");
        using var device = new TestDevice("pw-1005");
        using var factory = impostor.Issue("CN=pw-1005");

        await Refused.WithAsync(401, "manufacturer_certificate_refused", () => device.EnrollAsync(_tenant, null, factory));
    }

    [SkippableFact]
    public async Task Enroll_ExpiredCertificate_IsRefused()
    {
        using var device = new TestDevice("pw-1006");
        using var factory = _manufacturer.Issue("CN=pw-1006", expired: true);

        await Refused.WithAsync(401, "manufacturer_certificate_refused", () => device.EnrollAsync(_tenant, null, factory));
    }

    [SkippableFact]
    public async Task Enroll_CaCertificateOfTheManufacturer_IsRefused()
    {
        using var device = new TestDevice("pw-1007");
        using var factory = _manufacturer.Issue("CN=pw-1007", isCa: true);

        await Refused.WithAsync(401, "manufacturer_certificate_refused", () => device.EnrollAsync(_tenant, null, factory));
    }

    [SkippableFact]
    public async Task Enroll_OwnDeviceCertificateInsteadOfAToken_IsRefused()
    {
        using var admin = await _tenant.AdminAsync();
        var token = (await admin.CreateTokenAsync(new Contracts.Devices.CreateEnrollmentTokenRequest())).Token;
        using var device = new TestDevice("pw-1008");
        using var identity = device.Identity(await device.EnrollAsync(_tenant, token));
        device.NewKey();

        await Refused.WithAsync(401, "manufacturer_certificate_refused", () => device.EnrollAsync(_tenant, null, identity));
    }

    [SkippableFact]
    public async Task Enroll_RevokedDevice_FactoryCertificateDoesNotBringItBack()
    {
        using var admin = await _tenant.AdminAsync();
        using var device = new TestDevice("pw-1009");
        using var factory = _manufacturer.Issue("CN=pw-1009");
        await device.EnrollAsync(_tenant, null, factory);
        await admin.RevokeDeviceAsync("pw-1009", new RevokeRequest());
        device.NewKey();

        await Refused.WithAsync(403, "device_revoked", () => device.EnrollAsync(_tenant, null, factory));
    }

    [SkippableFact]
    public async Task Renew_WithTheFactoryCertificate_IsRefused()
    {
        using var device = new TestDevice("pw-1010");
        using var factory = _manufacturer.Issue("CN=pw-1010");
        await device.EnrollAsync(_tenant, null, factory);

        (await Should.ThrowAsync<ApiException>(() => device.RenewAsync(_tenant, factory))).Status.ShouldBe(401);
    }

    [SkippableFact]
    public async Task Enroll_IntermediateOnlySentInTheHandshake_IsAccepted()
    {
        using var line = new ManufacturerCa("CN=Pump Works Line 7", _manufacturer);
        using var device = new TestDevice("pw-1011");
        using var factory = line.Issue("CN=pw-1011");
        using var client = _tenant.Client(factory, [line.Certificate]);

        using var identity = device.Identity(await client.EnrollAsync(device.Id, null, device.Request));
        await device.RenewAsync(_tenant, identity);
    }

    [SkippableFact]
    public async Task Enroll_UntrustedRootSentInTheHandshake_IsRefusedWithTheReason()
    {
        using var impostor = new ManufacturerCa("CN=Pump Works Root");
        using var device = new TestDevice("pw-1012");
        using var factory = impostor.Issue("CN=pw-1012");
        using var client = _tenant.Client(factory, [impostor.Certificate]);

        var refused = await Should.ThrowAsync<ApiException>(() => client.EnrollAsync(device.Id, null, device.Request));

        refused.Code.ShouldBe("manufacturer_certificate_refused");
        refused.Message.ShouldContain("does not verify");
        (await _tenant.Database.ScalarAsync<string>("SELECT details FROM audit.entries WHERE action = 'enrollment.refused' AND details::jsonb->>'device' = 'pw-1012'"))!.ShouldContain("does not verify");
    }
}
