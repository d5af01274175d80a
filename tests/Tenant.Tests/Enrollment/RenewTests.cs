using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.Enrollment;

public sealed class RenewTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    private TestTenant Tenant => shared.Tenant;

    [SkippableFact]
    public async Task Renew_SameKeyBeforeHalfTheLifetime_GetsTheCurrentOneAgain()
    {
        using var device = new TestDevice("motor-1");
        var enrolled = await device.EnrollAsync(Tenant, await shared.TokenAsync());
        using var identity = device.Identity(enrolled);

        var renewed = await device.RenewAsync(Tenant, identity);

        renewed.Certificate.ShouldBe(enrolled.Certificate);
        renewed.RenewAfter.ShouldBe(enrolled.RenewAfter);
        (await shared.Admin.GetDeviceAsync("motor-1")).Certificates.Count.ShouldBe(1);
    }

    [SkippableFact]
    public async Task Renew_NewKeysOverAndOver_Is429AndTheDeviceKeepsWhatItHas()
    {
        using var device = new TestDevice("motor-flood");
        using var identity = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync()));
        string? last = null;
        for (var i = 0; i < 9; i++)
        {
            using var next = new TestDevice("motor-flood");
            last = next.Csr;
            await device.RenewAsync(Tenant, identity, last);
        }

        using var one = new TestDevice("motor-flood");
        await Refused.WithAsync(429, "certificate_quota", () => device.RenewAsync(Tenant, identity, one.Csr));

        // The answer to the last one may have been lost.
        await device.RenewAsync(Tenant, identity, last);
        await device.RenewAsync(Tenant, identity);
        (await shared.Admin.GetDeviceAsync("motor-flood")).Certificates.Count.ShouldBe(10);
    }

    [SkippableFact]
    public async Task Renew_NewKey_GetsANewCertificateForTheSameNames()
    {
        using var device = new TestDevice("motor-fresh");
        using var next = new TestDevice("motor-fresh");
        using var identity = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync()));

        var renewed = await device.RenewAsync(Tenant, identity, next.Csr);

        using var certificate = X509Certificate2.CreateFromPem(renewed.Certificate);
        certificate.SerialNumber.ShouldNotBe(identity.SerialNumber);
        certificate.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(next.Key.ExportSubjectPublicKeyInfo());
        SubjectNames.FromCertificate(certificate).HasSameNames(SubjectNames.FromCertificate(identity)).ShouldBeTrue();
        (await shared.Admin.GetDeviceAsync("motor-fresh")).Certificates.Count.ShouldBe(2);
        (await shared.Admin.ListDevicesAsync()).Items.Single(d => d.DeviceId == "motor-fresh").NotAfter.ShouldBe(renewed.NotAfter, TimeSpan.FromSeconds(1));
    }

    [SkippableFact]
    public async Task Renew_NewKey_BothKeysWorkUntilTheOldCertificateEnds()
    {
        using var device = new TestDevice("motor-2");
        using var identity = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync()));
        using var next = new TestDevice("motor-2");

        var renewed = await device.RenewAsync(Tenant, identity, next.Csr);
        using var nextIdentity = next.Identity(renewed);

        await next.RenewAsync(Tenant, nextIdentity);
        // The device may have died before it stored the answer.
        await device.RenewAsync(Tenant, identity);
    }

    [SkippableFact]
    public async Task Renew_WithoutCertificate_IsUnauthorized()
    {
        using var client = Tenant.Client();

        (await Should.ThrowAsync<ApiException>(() => client.RenewAsync("motor-3", new RenewRequest()))).Status.ShouldBe(401);
    }

    [SkippableFact]
    public async Task Renew_EmptyBody_KeepsTheKey()
    {
        using var device = new TestDevice("motor-4");
        using var identity = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync()));
        using var http = PlatformHttp.Create(Tenant.Url, Tenant.Trust, identity, TimeSpan.FromSeconds(30));

        using var answer = await http.PostAsync("devices/motor-4/renew", content: null);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Renew_IdOfAnotherDevice_IsForbidden()
    {
        using var one = new TestDevice("motor-5");
        using var two = new TestDevice("motor-6");
        var token = await shared.TokenAsync(uses: 2);
        using var identity = one.Identity(await one.EnrollAsync(Tenant, token));
        await two.EnrollAsync(Tenant, token);

        await Refused.WithAsync(403, "wrong_device", () => one.RenewAsync(Tenant, identity, id: "motor-6"));
    }

    [SkippableFact]
    public async Task Renew_CsrThatNamesAnotherDevice_IsRefused()
    {
        using var device = new TestDevice("motor-7");
        using var identity = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync()));
        using var other = new TestDevice("motor-8");

        await Refused.WithAsync(400, "csr_names_mismatch", () => device.RenewAsync(Tenant, identity, other.Csr));
    }

    [SkippableFact]
    public async Task Renew_KeyOfAnotherDevice_IsAConflict()
    {
        using var one = new TestDevice("motor-9");
        using var two = new TestDevice("motor-10");
        var token = await shared.TokenAsync(uses: 2);
        using var identity = one.Identity(await one.EnrollAsync(Tenant, token));
        await two.EnrollAsync(Tenant, token);

        await Refused.WithAsync(409, "key_in_use", () => one.RenewAsync(Tenant, identity, CertificateSigningRequest.CreatePem(two.Key, new SubjectNames())));
    }

    [SkippableTheory]
    [InlineData("bad signature", "csr_bad_signature")]
    [InlineData("rsa 1024", "csr_key_refused")]
    [InlineData("ca:true", "csr_requests_ca")]
    [InlineData("not a csr", "csr_malformed")]
    public async Task Renew_HostileCsr_IsRefused(string kind, string code)
    {
        using var device = new TestDevice($"motor-csr-{code.Replace('_', '-')}");
        using var identity = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync()));

        await Refused.WithAsync(400, code, () => device.RenewAsync(Tenant, identity, Csrs.Make(kind, device.Id)));
    }

    [SkippableFact]
    public async Task Renew_RevokedDevice_IsRefused()
    {
        using var device = new TestDevice("motor-11");
        using var identity = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync()));
        await shared.Admin.RevokeDeviceAsync("motor-11", new RevokeRequest { ReasonCode = 1, Reason = "stolen" });

        var refused = await Should.ThrowAsync<ApiException>(() => device.RenewAsync(Tenant, identity));

        refused.Status.ShouldBeOneOf(401, 403);
        refused.Code.ShouldBeOneOf("device_revoked", "certificate_revoked");
    }

    [SkippableFact]
    public async Task Renew_RevokedCertificate_IsRefusedAndTheDeviceKeepsItsOthers()
    {
        using var device = new TestDevice("motor-12");
        using var first = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync()));
        using var next = new TestDevice("motor-12");
        using var second = next.Identity(await device.RenewAsync(Tenant, first, next.Csr));
        await shared.Admin.RevokeCertificateAsync(SerialNumber.ToDecimal(Convert.FromHexString(first.SerialNumber)), new RevokeRequest { ReasonCode = 4 });

        var refused = await Should.ThrowAsync<ApiException>(() => device.RenewAsync(Tenant, first));

        refused.Status.ShouldBeOneOf(401, 403);
        refused.Code.ShouldBe("certificate_revoked");
        await next.RenewAsync(Tenant, second);
    }

    [SkippableFact]
    public async Task Renew_DeviceOfAnotherTenant_IsRefused()
    {
        await using var other = await TestTenant.StartAsync();
        using var otherAdmin = await other.AdminAsync();
        using var here = new TestDevice("twin");
        await here.EnrollAsync(Tenant, await shared.TokenAsync());
        using var there = new TestDevice("twin");
        var token = (await otherAdmin.CreateTokenAsync(new CreateEnrollmentTokenRequest())).Token;
        using var foreign = there.Identity(await there.EnrollAsync(other, token));

        (await Should.ThrowAsync<ApiException>(() => there.RenewAsync(Tenant, foreign))).Status.ShouldBe(401);
    }

    [SkippableFact]
    public async Task Renew_LeafOfTheProvider_IsRefused()
    {
        using var device = new TestDevice("motor-13");
        await device.EnrollAsync(Tenant, await shared.TokenAsync());
        var names = new SubjectNames { CommonName = "motor-13", Dns = ["motor-13"], Uris = [SpiffeId.Device("acme", TestProvider.PlatformDomain, "motor-13")] };
        using var leaf = Tenant.Provider.Authority.Leaf(Profiles.Device, names);

        (await Should.ThrowAsync<ApiException>(() => device.RenewAsync(Tenant, leaf))).Status.ShouldBe(401);
    }

    [SkippableFact]
    public async Task Renew_ServiceCertificateOfTheTenantItself_IsRefused()
    {
        using var device = new TestDevice("motor-14");
        await device.EnrollAsync(Tenant, await shared.TokenAsync());
        var service = Tenant.Service<CertificateAuthority.CertificateAuthorityModule>().ServiceCertificate.Current;

        (await Should.ThrowAsync<ApiException>(() => device.RenewAsync(Tenant, service))).Status.ShouldBeOneOf(401, 403);
    }

    [SkippableFact]
    public async Task Renew_SelfSignedWithTheRightNames_IsRefused()
    {
        using var device = new TestDevice("motor-15");
        using var real = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync()));
        var request = new CertificateRequest(real.SubjectName, device.Key, HashAlgorithmName.SHA256);
        foreach (var extension in real.Extensions)
        {
            request.CertificateExtensions.Add(extension);
        }

        using var forged = request.Create(
            real.IssuerName, X509SignatureGenerator.CreateForECDsa(device.Key), real.NotBefore, real.NotAfter, Convert.FromHexString(real.SerialNumber));
        using var identity = forged.CopyWithPrivateKey(device.Key);

        (await Should.ThrowAsync<ApiException>(() => device.RenewAsync(Tenant, identity))).Status.ShouldBe(401);
    }

    [SkippableFact]
    public async Task Renew_StepCaRenewOfARevokedDevice_IsRefusedToo()
    {
        using var device = new TestDevice("motor-16");
        using var identity = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync()));
        await shared.Admin.RevokeDeviceAsync("motor-16", new RevokeRequest());
        using var http = PlatformHttp.Create(Tenant.Url, Tenant.Trust, identity, TimeSpan.FromSeconds(30));

        using var answer = await http.PostAsync("1.0/renew", content: null);

        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }
}
