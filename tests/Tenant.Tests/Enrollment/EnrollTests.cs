using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.Enrollment;

public sealed class EnrollTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    private TestTenant Tenant => shared.Tenant;

    [SkippableFact]
    public async Task Enroll_Token_GetsADeviceCertificateThatVerifies()
    {
        using var device = new TestDevice("pump-1");

        var answer = await device.EnrollAsync(Tenant, await shared.TokenAsync("pump-1"));

        using var certificate = X509Certificate2.CreateFromPem(answer.Certificate);
        var names = SubjectNames.FromCertificate(certificate);
        names.CommonName.ShouldBe("pump-1");
        names.Dns.ShouldBe(["pump-1"]);
        names.Uris.ShouldBe(["spiffe://acme.iot.example/device/pump-1"]);
        var chain = Pki.Files.Pem.ParseCertificates(answer.CaChain);
        chain.Length.ShouldBe(3);
        ChainVerifier.Verify(certificate, chain[..2], [Tenant.Provider.Authority.Root], CertificatePurpose.ClientAuth, TimeProvider.System.GetUtcNow()).IsValid.ShouldBeTrue();
        certificate.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(device.Key.ExportSubjectPublicKeyInfo());
        answer.NotAfter.ShouldBe(new DateTimeOffset(certificate.NotAfter));
        var lifetime = certificate.NotAfter - certificate.NotBefore;
        answer.RenewAfter.ShouldBe(new DateTimeOffset(certificate.NotBefore) + lifetime * 2 / 3, TimeSpan.FromSeconds(1));
    }

    [SkippableFact]
    public async Task Enroll_Token_DeviceIsInTheRegistryAndTheAuditLog()
    {
        using var device = new TestDevice("pump-2");

        await device.EnrollAsync(Tenant, await shared.TokenAsync());

        var detail = await shared.Admin.GetDeviceAsync("pump-2");
        detail.Status.ShouldBe(DeviceStatus.Enrolled);
        detail.DeviceName.ShouldBe("Pump in hall 3");
        detail.SpiffeId.ShouldBe("spiffe://acme.iot.example/device/pump-2");
        detail.Certificates.Count.ShouldBe(1);
        (await Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'device.enrolled' AND subject = 'pump-2'")).ShouldBe(1);
        (await shared.Admin.VerifyAuditAsync()).Intact.ShouldBeTrue();
    }

    /// <summary>Case 12: characters outside the BMP are text, and count as one.</summary>
    [SkippableTheory]
    [InlineData("emoji", "Pumpe Süd 🌊")]
    [InlineData("kanji", "𠮷野")]
    public async Task Enroll_TextOutsideTheBmp_IsTaken(string what, string name)
    {
        var token = await shared.TokenAsync();
        using var device = new TestDevice("named-" + what);
        using var client = Tenant.Client();

        await client.EnrollAsync("named-" + what, token, device.Request with { DeviceName = name });

        (await shared.Admin.GetDeviceAsync("named-" + what)).DeviceName.ShouldBe(name);
    }

    [SkippableFact]
    public async Task Enroll_SameTokenAndKeyAgain_GetsTheSameCertificateAndCountsNoSecondUse()
    {
        using var device = new TestDevice("pump-3");
        var token = await shared.TokenAsync(uses: 1);
        var first = await device.EnrollAsync(Tenant, token);

        var second = await device.EnrollAsync(Tenant, token);

        second.Certificate.ShouldBe(first.Certificate);
        (await shared.Admin.GetDeviceAsync("pump-3")).Certificates.Count.ShouldBe(1);
        (await Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'device.enrolled' AND subject = 'pump-3'")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Enroll_RetryWhenTheCertificateIsDueForRenewal_GetsANewOne()
    {
        using var device = new TestDevice("pump-4");
        var token = await shared.TokenAsync(uses: 1);
        var first = await device.EnrollAsync(Tenant, token);
        await Tenant.Database.ExecuteAsync("UPDATE tenant.enrollments SET renew_after = now() - interval '1 hour' WHERE device_id = 'pump-4'");

        var second = await device.EnrollAsync(Tenant, token);
        var third = await device.EnrollAsync(Tenant, token);

        second.Certificate.ShouldNotBe(first.Certificate);
        third.Certificate.ShouldBe(second.Certificate);
    }

    [SkippableFact]
    public async Task Enroll_RetryAfterARenewal_DoesNotHideTheRenewal()
    {
        using var device = new TestDevice("pump-11");
        var token = await shared.TokenAsync(uses: 1);
        await device.EnrollAsync(Tenant, token);
        await Tenant.Database.ExecuteAsync("UPDATE tenant.devices SET not_after = not_after + interval '1 hour' WHERE device_id = 'pump-11'");
        var renewed = (await shared.Admin.ListDevicesAsync(limit: 500)).Items.Single(d => d.DeviceId == "pump-11").NotAfter;

        await device.EnrollAsync(Tenant, token);

        (await shared.Admin.ListDevicesAsync(limit: 500)).Items.Single(d => d.DeviceId == "pump-11").NotAfter.ShouldBe(renewed);
    }

    [SkippableFact]
    public async Task Enroll_TwentyRetriesAtOnce_OneCertificate()
    {
        using var device = new TestDevice("pump-5");
        var token = await shared.TokenAsync(uses: 1);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => device.EnrollAsync(Tenant, token)));

        answers.Select(a => a.Certificate).Distinct().Count().ShouldBe(1);
        (await shared.Admin.GetDeviceAsync("pump-5")).Certificates.Count.ShouldBe(1);
    }

    [SkippableFact]
    public async Task Enroll_FleetTokenByMoreDevicesAtOnceThanUses_ExactlyThatManyGetIn()
    {
        const int uses = 7;
        var devices = Enumerable.Range(0, 24).Select(i => new TestDevice($"fleet-{i}")).ToList();
        var token = await shared.TokenAsync(uses: uses);

        var outcomes = await Task.WhenAll(devices.Select(async device =>
        {
            try
            {
                await device.EnrollAsync(Tenant, token);
                return "in";
            }
            catch (Client.ApiException e)
            {
                return e.Code;
            }
        }));

        outcomes.Count(o => o == "in").ShouldBe(uses);
        outcomes.Where(o => o != "in").ShouldAllBe(o => o == "enrollment_token_refused");
        (await Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM tenant.devices WHERE device_id LIKE 'fleet-%'")).ShouldBe(uses);
        (await shared.Admin.ListTokensAsync()).Items.Single(t => t.Uses == uses).Used.ShouldBe(uses);
        devices.ForEach(d => d.Dispose());
    }

    [SkippableFact]
    public async Task Enroll_SameIdWithAnotherKeyAndAFleetToken_IsAConflictAndCostsNoUse()
    {
        using var device = new TestDevice("pump-6");
        var token = await shared.TokenAsync(uses: 5);
        await device.EnrollAsync(Tenant, token);
        using var thief = new TestDevice("pump-6");

        await Refused.WithAsync(409, "device_exists", () => thief.EnrollAsync(Tenant, token));

        (await shared.Admin.ListTokensAsync()).Items.Single(t => t.Uses == 5).Used.ShouldBe(1);
    }

    [SkippableFact]
    public async Task Enroll_SameIdWithAnotherKeyAndATokenForThatId_ReplacesTheOldKeyForGood()
    {
        using var device = new TestDevice("pump-7");
        var before = await device.EnrollAsync(Tenant, await shared.TokenAsync());
        using var old = device.Identity(before);
        var oldCsr = device.Csr;
        device.NewKey();

        var after = await device.EnrollAsync(Tenant, await shared.TokenAsync("pump-7"));

        using var identity = device.Identity(after);
        await device.RenewAsync(Tenant, identity);
        await Should.ThrowAsync<Client.ApiException>(() => device.RenewAsync(Tenant, old));
        using var client = Tenant.Client();
        var retired = new EnrollRequest { Csr = oldCsr };
        var bound = await shared.TokenAsync("pump-7");
        await Refused.WithAsync(403, "key_retired", () => client.EnrollAsync("pump-7", bound, retired));
        (await Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'device.re_enrolled' AND subject = 'pump-7'")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Enroll_KeyOfAnotherDevice_IsAConflict()
    {
        using var device = new TestDevice("pump-8");
        var token = await shared.TokenAsync(uses: 3);
        await device.EnrollAsync(Tenant, token);
        using var client = Tenant.Client();
        var copy = new EnrollRequest { Csr = CertificateSigningRequest.CreatePem(device.Key, new SubjectNames()) };

        await Refused.WithAsync(409, "key_in_use", () => client.EnrollAsync("pump-9", token, copy));
    }

    [SkippableFact]
    public async Task Enroll_CsrWithoutNamesOrWithTheSpiffeId_IsTaken()
    {
        using var device = new TestDevice("pump-10");
        var token = await shared.TokenAsync(uses: 2);
        using var client = Tenant.Client();
        var named = new SubjectNames { CommonName = "pump-10", Dns = ["pump-10"], Uris = ["spiffe://acme.iot.example/device/pump-10"] };

        await client.EnrollAsync("pump-10", token, new EnrollRequest { Csr = CertificateSigningRequest.CreatePem(device.Key, named) });
        await client.EnrollAsync("pump-10", token, new EnrollRequest { Csr = CertificateSigningRequest.CreatePem(device.Key, new SubjectNames()) });
    }
}
