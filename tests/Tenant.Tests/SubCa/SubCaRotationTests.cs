using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Features.SubCa;
using IoTPlatform.Tenant.Features.Bridge;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.SubCa;

public sealed class SubCaRotationTests : IAsyncLifetime
{
    private TestTenant tenant = null!;
    private TenantClient admin = null!;

    public async Task InitializeAsync()
    {
        tenant = await TestTenant.StartAsync();
        admin = await tenant.AdminAsync();
    }

    public async Task DisposeAsync()
    {
        admin.Dispose();
        await tenant.DisposeAsync();
    }

    [SkippableFact]
    public async Task Rotate_Always_NewSubCaSignsAndDevicesOfTheOldOneStillRenew()
    {
        using var device = new TestDevice("pump-1");
        var before = await device.EnrollAsync(tenant, await TokenAsync());
        using var identity = device.Identity(before);
        var oldService = tenant.Service<CertificateAuthorityModule>().ServiceCertificate.Current.Thumbprint;

        var rotated = await admin.RotateSubCaAsync();

        var renewed = await device.RenewAsync(tenant, identity);
        using var newSubCa = X509Certificate2.CreateFromPem(rotated.SignedCert);
        Issuer(renewed).ShouldBe(newSubCa.RawData);
        Issuer(before).ShouldNotBe(newSubCa.RawData);
        tenant.Service<CertificateAuthorityModule>().ServiceCertificate.Current.Thumbprint.ShouldNotBe(oldService);
        (await File.ReadAllTextAsync(tenant.InData("join-bundle", "sub-ca.crt"))).ReplaceLineEndings().ShouldBe(rotated.SignedCert.ReplaceLineEndings());
        using var next = device.Identity(renewed);
        await device.RenewAsync(tenant, next);
    }

    [SkippableFact]
    public async Task Rotate_Restart_KeepsTheNewSubCaAndTheOldDevices()
    {
        using var device = new TestDevice("pump-1");
        using var identity = device.Identity(await device.EnrollAsync(tenant, await TokenAsync()));
        var rotated = await admin.RotateSubCaAsync();

        await tenant.BootAsync();

        Issuer(await device.RenewAsync(tenant, identity)).ShouldBe(X509Certificate2.CreateFromPem(rotated.SignedCert).RawData);
    }

    [SkippableFact]
    public async Task Rotate_ProviderAway_AnswersUnavailableAndUpkeepFinishesWithTheSameKey()
    {
        await tenant.Provider.GoAwayAsync();
        await Refused.WithAsync(503, "dependency_unavailable", () => admin.RotateSubCaAsync());
        tenant.Service<SubCaRotation>().IsPending.ShouldBeTrue();
        var pending = PendingKey();

        await tenant.Provider.ListenAsync();
        await tenant.Service<UpkeepService>().RunOnceAsync(CancellationToken.None);

        tenant.Service<SubCaRotation>().IsPending.ShouldBeFalse();
        tenant.Authority.Chain.Issuer.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(pending);
    }

    [SkippableFact]
    public async Task Rotate_AnswerLost_NextCallInstallsTheCertificateThatWasSigned()
    {
        tenant.Provider.Faults.Enqueue(new Fault("/sub-ca/rotate") { LosesAnswer = true });
        await Refused.WithAsync(503, "dependency_unavailable", () => admin.RotateSubCaAsync());

        await admin.RotateSubCaAsync();

        tenant.Provider.Calls.Count(c => c.Contains("/sub-ca/rotate", StringComparison.Ordinal)).ShouldBe(2);
        tenant.Service<SubCaRotation>().IsPending.ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Rotate_CrashWithAWaitingKey_NextBootFinishesByItself()
    {
        tenant.Provider.Faults.Enqueue(new Fault("/sub-ca/rotate") { LosesAnswer = true });
        await Should.ThrowAsync<ApiException>(() => admin.RotateSubCaAsync());
        var pending = PendingKey();

        await tenant.BootAsync();
        await tenant.Service<UpkeepService>().RunOnceAsync(CancellationToken.None);

        tenant.Authority.Chain.Issuer.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(pending);
    }

    [SkippableFact]
    public async Task Rotate_AgainWhileTheOldOneIsInUse_IsRefusedWithoutMakingAKey()
    {
        using var device = new TestDevice("pump-1");
        await device.EnrollAsync(tenant, await TokenAsync());
        await admin.RotateSubCaAsync();

        await Refused.WithAsync(409, "rotation_in_progress", () => admin.RotateSubCaAsync());

        tenant.Service<SubCaRotation>().IsPending.ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Rotate_AgainOnceEveryCertificateWasRenewed_IsPossible()
    {
        using var device = new TestDevice("pump-1");
        using var identity = device.Identity(await device.EnrollAsync(tenant, await TokenAsync()));
        var first = await admin.RotateSubCaAsync();
        await device.RenewAsync(tenant, identity);

        var second = await admin.RotateSubCaAsync();

        second.SignedCert.ShouldNotBe(first.SignedCert);
        tenant.Provider.Calls.ShouldContain(c => c.EndsWith("/sub-ca/retire"));
    }

    [SkippableFact]
    public async Task Rotate_TwoAdminsAtOnce_OneNewSubCa()
    {
        var outcomes = await Task.WhenAll(TryRotateAsync(), TryRotateAsync());

        outcomes.ShouldContain("rotated");
        tenant.Authority.Issuers.AlsoAccepted.Count.ShouldBeLessThanOrEqualTo(2);
        tenant.Service<SubCaRotation>().IsPending.ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Rotate_Anonymous_IsUnauthorized()
    {
        using var client = tenant.Client();

        (await Should.ThrowAsync<ApiException>(() => client.RotateSubCaAsync())).Status.ShouldBe(401);
    }

    private async Task<string> TryRotateAsync()
    {
        try
        {
            await admin.RotateSubCaAsync();
            return "rotated";
        }
        catch (ApiException e)
        {
            return e.Code;
        }
    }

    private byte[] PendingKey()
    {
        using var key = tenant.Service<CertificateAuthority.SubCa>().EnsureNextKey();
        return key.SubjectPublicKeyInfo;
    }

    private async Task<string> TokenAsync() => (await admin.CreateTokenAsync(new CreateEnrollmentTokenRequest())).Token;

    private static byte[] Issuer(EnrollResponse answer) => Pki.Files.Pem.ParseCertificates(answer.CaChain)[0].RawData;
}
