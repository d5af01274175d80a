using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Features.SubCa;
using IoTPlatform.Tenant.Features.Bridge;
using IoTPlatform.Tenant.Tests.Mqtt;
using IoTPlatform.Tenant.Tests.Support;
using MQTTnet;

namespace IoTPlatform.Tenant.Tests.SubCa;

public sealed class SubCaRotationTests : IAsyncLifetime
{
    private TestTenant _tenant = null!;
    private TenantClient _admin = null!;

    public async Task InitializeAsync()
    {
        _tenant = await TestTenant.StartAsync();
        _admin = await _tenant.AdminAsync();
    }

    public async Task DisposeAsync()
    {
        _admin.Dispose();
        await _tenant.DisposeAsync();
    }

    [SkippableFact]
    public async Task Rotate_Always_NewSubCaSignsAndDevicesOfTheOldOneStillRenew()
    {
        using var device = new TestDevice("pump-1");
        var before = await device.EnrollAsync(_tenant, await TokenAsync());
        using var identity = device.Identity(before);
        var oldService = _tenant.Service<CertificateAuthorityModule>().ServiceCertificate.Current.Thumbprint;

        var rotated = await _admin.RotateSubCaAsync();

        var renewed = await device.RenewAsync(_tenant, identity);
        using var newSubCa = X509Certificate2.CreateFromPem(rotated.SignedCert);
        Issuer(renewed).ShouldBe(newSubCa.RawData);
        Issuer(before).ShouldNotBe(newSubCa.RawData);
        _tenant.Service<CertificateAuthorityModule>().ServiceCertificate.Current.Thumbprint.ShouldNotBe(oldService);
        (await File.ReadAllTextAsync(_tenant.InData("join-bundle", "sub-ca.crt"))).ReplaceLineEndings().ShouldBe(rotated.SignedCert.ReplaceLineEndings());
        using var next = device.Identity(renewed);
        await device.RenewAsync(_tenant, next);
    }

    /// <summary>The service certificate is replaced meanwhile, too; and a device need not send the issuer that it had.</summary>
    [SkippableFact]
    public async Task Rotate_OverMqtt_SessionsStay_AndDevicesOfTheOldSubCaAreLetIn()
    {
        using var device = new TestDevice("pump-1");
        using var identity = device.Identity(await device.EnrollAsync(_tenant, await TokenAsync()));
        using var session = await MqttDevice.ConnectAsync(_tenant, "pump-1", identity);

        await _admin.RotateSubCaAsync();

        (await session.PublishAsync("devices/pump-1/telemetry", """{"n":1}""")).IsSuccess.ShouldBeTrue();
        session.Mqtt.IsConnected.ShouldBeTrue();
        using var next = await MqttDevice.ConnectAsync(_tenant, "pump-1", identity);
        next.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.Success);
        (await next.PublishAsync("devices/pump-1/telemetry", """{"n":2}""")).IsSuccess.ShouldBeTrue();
        (await _admin.ListTelemetryAsync("pump-1")).Items.Count.ShouldBe(2);
    }

    [SkippableFact]
    public async Task Rotate_Restart_KeepsTheNewSubCaAndTheOldDevices()
    {
        using var device = new TestDevice("pump-1");
        using var identity = device.Identity(await device.EnrollAsync(_tenant, await TokenAsync()));
        var rotated = await _admin.RotateSubCaAsync();

        await _tenant.BootAsync();

        Issuer(await device.RenewAsync(_tenant, identity)).ShouldBe(X509Certificate2.CreateFromPem(rotated.SignedCert).RawData);
    }

    [SkippableFact]
    public async Task Rotate_ProviderAway_AnswersUnavailableAndUpkeepFinishesWithTheSameKey()
    {
        await _tenant.Provider.GoAwayAsync();
        await Refused.WithAsync(503, "dependency_unavailable", () => _admin.RotateSubCaAsync());
        _tenant.Service<SubCaRotation>().IsPending.ShouldBeTrue();
        var pending = PendingKey();

        await _tenant.Provider.ListenAsync();
        await _tenant.Service<MaintenanceService>().RunOnceAsync(CancellationToken.None);

        _tenant.Service<SubCaRotation>().IsPending.ShouldBeFalse();
        _tenant.Authority.Chain.Issuer.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(pending);
    }

    [SkippableFact]
    public async Task Rotate_AnswerLost_NextCallInstallsTheCertificateThatWasSigned()
    {
        _tenant.Provider.Faults.Enqueue(new Fault("/sub-ca/rotate") { LosesAnswer = true });
        await Refused.WithAsync(503, "dependency_unavailable", () => _admin.RotateSubCaAsync());

        await _admin.RotateSubCaAsync();

        _tenant.Provider.Calls.Count(c => c.Contains("/sub-ca/rotate", StringComparison.Ordinal)).ShouldBe(2);
        _tenant.Service<SubCaRotation>().IsPending.ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Rotate_CrashWithAWaitingKey_NextBootFinishesByItself()
    {
        _tenant.Provider.Faults.Enqueue(new Fault("/sub-ca/rotate") { LosesAnswer = true });
        await Should.ThrowAsync<ApiException>(() => _admin.RotateSubCaAsync());
        var pending = PendingKey();

        await _tenant.BootAsync();
        await _tenant.Service<MaintenanceService>().RunOnceAsync(CancellationToken.None);

        _tenant.Authority.Chain.Issuer.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(pending);
    }

    [SkippableFact]
    public async Task Rotate_AgainWhileTheOldOneIsInUse_IsRefusedWithoutMakingAKey()
    {
        using var device = new TestDevice("pump-1");
        await device.EnrollAsync(_tenant, await TokenAsync());
        await _admin.RotateSubCaAsync();

        await Refused.WithAsync(409, "rotation_in_progress", () => _admin.RotateSubCaAsync());

        _tenant.Service<SubCaRotation>().IsPending.ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Rotate_AgainOnceEveryCertificateWasRenewed_IsPossible()
    {
        using var device = new TestDevice("pump-1");
        using var identity = device.Identity(await device.EnrollAsync(_tenant, await TokenAsync()));
        var first = await _admin.RotateSubCaAsync();
        await device.RenewAsync(_tenant, identity);

        var second = await _admin.RotateSubCaAsync();

        second.SignedCert.ShouldNotBe(first.SignedCert);
        _tenant.Provider.Calls.ShouldContain(c => c.EndsWith("/sub-ca/retire"));
    }

    [SkippableFact]
    public async Task Rotate_TwoAdminsAtOnce_OneNewSubCa()
    {
        var outcomes = await Task.WhenAll(TryRotateAsync(), TryRotateAsync());

        outcomes.ShouldContain("rotated");
        _tenant.Authority.Issuers.AlsoAccepted.Count.ShouldBeLessThanOrEqualTo(2);
        _tenant.Service<SubCaRotation>().IsPending.ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Rotate_Anonymous_IsUnauthorized()
    {
        using var client = _tenant.Client();

        (await Should.ThrowAsync<ApiException>(() => client.RotateSubCaAsync())).Status.ShouldBe(401);
    }

    private async Task<string> TryRotateAsync()
    {
        try
        {
            await _admin.RotateSubCaAsync();
            return "rotated";
        }
        catch (ApiException e)
        {
            return e.Code;
        }
    }

    private byte[] PendingKey()
    {
        using var key = _tenant.Service<CertificateAuthority.SubCa>().EnsureNextKey();
        return key.SubjectPublicKeyInfo;
    }

    private async Task<string> TokenAsync() => (await _admin.CreateTokenAsync(new CreateEnrollmentTokenRequest())).Token;

    private static byte[] Issuer(EnrollResponse answer) => Pki.Files.Pem.ParseCertificates(answer.CaChain)[0].RawData;
}
