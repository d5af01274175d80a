using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.CertificateAuthority.Tests;

public sealed class AuthorityTests(StepCaHost fixture) : IClassFixture<StepCaHost>
{
    private static readonly IssuanceQuota Any = new() { AnswersWithTheFreshOne = false };

    private readonly CaHost _ca = fixture.Ca;

    private Authority Authority => _ca.Authority;

    [SkippableFact]
    public async Task Issue_Device_IsStoredWithEverythingAsked()
    {
        using var key = StepCaCalls.NewKey();

        var issued = await Authority.IssueAsync(DeviceOrder("pump-1", key), CancellationToken.None);

        var record = await Authority.FindAsync(issued.SerialNumber, CancellationToken.None);
        record.ShouldNotBeNull();
        record.Subject.ShouldBe("pump-1");
        record.Sans.ShouldBe(["pump-1", "spiffe://acme.iot.example/device/pump-1"]);
        record.Issuer.ShouldBe("IoTPlatform Intermediate CA");
        (record.Profile, record.Provisioner, record.Requester, record.Tenant).ShouldBe(("device", "enrollment", "device:pump-1", "acme"));
        record.Der.ShouldBe(issued.Der.ToArray());
        (record.NotBefore, record.NotAfter).ShouldBe((issued.NotBefore, issued.NotAfter));
        var leaf = Pem.ParseCertificate(issued.Pem);
        leaf.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(key.ExportSubjectPublicKeyInfo());
        CertificateChain.ParsePem(issued.ChainPem).Verify(leaf, CertificatePurpose.ClientAuth, TimeProvider.System.GetUtcNow()).ShouldBeTrue();
        Pem.ParseCertificates(issued.IssuersPem).Length.ShouldBe(1);
    }

    [SkippableFact]
    public async Task Issue_CallerWaitsForTheCommit_AuditEntryIsInTheSameTransaction()
    {
        using var key = StepCaCalls.NewKey();

        var issued = await Authority.IssueAsync(DeviceOrder("audited", key), CancellationToken.None);

        (await _ca.Database.ScalarAsync<long>(
            "SELECT count(*) FROM ca.certificates c JOIN audit.entries e ON e.xmin::text = c.xmin::text AND e.subject = c.subject WHERE c.serial = $1 AND e.action = 'certificate.issued' AND e.actor = 'device:audited'",
            issued.SerialNumber)).ShouldBe(1);
        (await _ca.Database.ScalarAsync<string>("SELECT details FROM audit.entries WHERE subject = 'audited'"))!.ShouldContain(Fingerprint.Sha256Hex(issued.Der.Span));
    }

    [SkippableFact]
    public async Task Issue_SameIdempotencyKeyAtOnce_IsOneCertificate()
    {
        using var key = StepCaCalls.NewKey();
        var order = DeviceOrder("idem", key) with { IdempotencyKey = "order-1" };

        var issued = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => Authority.IssueAsync(order, CancellationToken.None)));

        issued.Select(i => i.Serial).Distinct().ShouldHaveSingleItem();
        issued.ShouldAllBe(i => i.Pem == issued[0].Pem && i.ChainPem == issued[0].ChainPem && i.NotAfter == issued[0].NotAfter);
        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE subject = 'idem'")).ShouldBe(1);
        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE subject = 'idem'")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Issue_SameIdempotencyKeyForAnotherPublicKey_Is409()
    {
        using var key = StepCaCalls.NewKey();
        using var other = StepCaCalls.NewKey();
        await Authority.IssueAsync(DeviceOrder("conflict", key) with { IdempotencyKey = "order-2" }, CancellationToken.None);

        var refused = await Should.ThrowAsync<ProblemException>(Authority.IssueAsync(DeviceOrder("conflict", other) with { IdempotencyKey = "order-2" }, CancellationToken.None));

        (refused.Status, refused.Code).ShouldBe((409, "idempotency_conflict"));
    }

    [SkippableFact]
    public async Task Issue_SameIdempotencyKeyForAnotherProfile_IsAnotherCertificate()
    {
        using var key = StepCaCalls.NewKey();
        var device = await Authority.IssueAsync(DeviceOrder("two-kinds", key) with { IdempotencyKey = "order-3" }, CancellationToken.None);
        var leaf = DeviceOrder("two-kinds", key) with { Profile = Profiles.Leaf, IdempotencyKey = "order-3" };

        (await Authority.IssueAsync(leaf, CancellationToken.None)).Serial.ShouldNotBe(device.Serial);
    }

    [SkippableFact]
    public async Task Issue_SubCaTwiceWithOneKey_IsIntendedAndSignedOnce()
    {
        using var key = Pki.Signing.CaKey.Generate(KeyKind.P256);
        var csr = key.CreateCsrPem(new SubjectNames { CommonName = "acme Sub-CA" });

        var first = await SubCaHost.SignAsync(_ca, csr, "join-acme");
        var intents = await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.intents");
        var again = await SubCaHost.SignAsync(_ca, csr, "join-acme");

        again.Serial.ShouldBe(first.Serial);
        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.intents")).ShouldBe(intents);
        var tbs = ParsedCertificate.Parse(first.Der).TbsCertificate;
        (await _ca.Database.ScalarAsync<byte[]>("SELECT tbs_sha256 FROM ca.intents WHERE serial = $1", first.SerialNumber)).ShouldBe(SHA256.HashData(tbs.Span));
        // On record, and committed, before the certificate.
        (await _ca.Database.ScalarAsync<bool>(
            "SELECT i.xmin::text <> c.xmin::text AND (SELECT e.sequence FROM audit.entries e WHERE e.xmin::text = i.xmin::text) < (SELECT e.sequence FROM audit.entries e WHERE e.xmin::text = c.xmin::text) FROM ca.intents i JOIN ca.certificates c USING (serial) WHERE i.serial = $1",
            first.SerialNumber)).ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Issue_OutsideTheProfile_Is400AndNothingIsStored()
    {
        using var key = StepCaCalls.NewKey();
        var before = await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates");

        (await Should.ThrowAsync<ProblemException>(Authority.IssueAsync(DeviceOrder("pump", key) with { Lifetime = TimeSpan.FromDays(400) }, CancellationToken.None))).Status.ShouldBe(400);
        (await Should.ThrowAsync<ProblemException>(Authority.IssueAsync(DeviceOrder("pump", key) with { Names = SubjectNames.FromSans("pump", ["other"]) }, CancellationToken.None))).Status.ShouldBe(400);
        (await Should.ThrowAsync<ProblemException>(Authority.IssueAsync(DeviceOrder("pump", key) with { NotAfter = TimeProvider.System.GetUtcNow().AddYears(6) }, CancellationToken.None))).Status.ShouldBe(400);

        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates")).ShouldBe(before);
    }

    [SkippableFact]
    public async Task Issue_BadIdempotencyKey_Throws()
    {
        using var key = StepCaCalls.NewKey();

        await Should.ThrowAsync<ArgumentException>(() => Authority.IssueAsync(DeviceOrder("pump", key) with { IdempotencyKey = new string('x', 201) }, CancellationToken.None));
    }

    [SkippableFact]
    public async Task Renew_DeviceWithNewKey_KeepsNamesAndProfile()
    {
        using var key = StepCaCalls.NewKey();
        using var newKey = StepCaCalls.NewKey();
        using var current = Pem.ParseCertificate((await Authority.IssueAsync(DeviceOrder("rolling", key), CancellationToken.None)).Pem);

        var renewed = await Authority.RenewAsync(
            new CertificateRenewal { Current = await Authority.IdentifyAsync(current, CancellationToken.None), Csr = CertificateSigningRequest.ParsePem(StepCaCalls.Csr(newKey, "rolling")), Profile = Profiles.Device, Quota = Any, Lifetime = TimeSpan.FromHours(2) },
            CancellationToken.None);

        var parsed = ParsedCertificate.Parse(renewed.Der);
        parsed.Names.AllSans.ShouldBe(["rolling", "spiffe://acme.iot.example/device/rolling"]);
        parsed.SubjectPublicKeyInfo.ToArray().ShouldBe(newKey.ExportSubjectPublicKeyInfo());
        (parsed.NotAfter - parsed.NotBefore).ShouldBe(TimeSpan.FromMinutes(121));
        var record = await Authority.FindAsync(renewed.SerialNumber, CancellationToken.None);
        (record!.Profile, record.Provisioner, record.Tenant).ShouldBe(("device", "enrollment", "acme"));
    }

    [SkippableFact]
    public async Task Renew_OtherThanTheRequiredProfile_IsRefused()
    {
        using var leaf = await _ca.EnrollAsync("leaf.test");

        var refused = await Should.ThrowAsync<ProblemException>(RenewAsync(leaf));

        (refused.Status, refused.Code).ShouldBe((403, "other_profile"));
    }

    [SkippableFact]
    public async Task Renew_RevokedAfterItWasIdentified_IsRefused()
    {
        using var key = StepCaCalls.NewKey();
        using var current = Pem.ParseCertificate((await Authority.IssueAsync(DeviceOrder("identified", key), CancellationToken.None)).Pem);
        var known = await Authority.IdentifyAsync(current, CancellationToken.None);
        await RevokeSubjectAsync(new SubjectRevocation { Profile = Profiles.Device, Subject = "identified", By = "admin" });

        var refused = await Should.ThrowAsync<ProblemException>(Authority.RenewAsync(new CertificateRenewal { Current = known, Profile = Profiles.Device, Quota = Any }, CancellationToken.None));

        (refused.Status, refused.Code).ShouldBe((401, "certificate_revoked"));
    }

    [SkippableFact]
    public async Task Renew_CaCertificate_IsRefused()
    {
        using var key = Pki.Signing.CaKey.Generate(KeyKind.P256);
        using var subCa = Pem.ParseCertificate((await SubCaHost.SignAsync(_ca, key.CreateCsrPem(new SubjectNames { CommonName = "acme Sub-CA" }))).Pem);

        (await Should.ThrowAsync<ProblemException>(RenewAsync(subCa))).Code.ShouldBe("certificate_refused");
    }

    [SkippableFact]
    public async Task RevokeSubject_Device_EndsAllItsCertificatesAndNewOnesUntilReinstated()
    {
        using var key = StepCaCalls.NewKey();
        using var first = Pem.ParseCertificate((await Authority.IssueAsync(DeviceOrder("stolen", key), CancellationToken.None)).Pem);
        using var second = Pem.ParseCertificate((await RenewAsync(first)).Pem);
        var revocation = new SubjectRevocation { Profile = Profiles.Device, Subject = "stolen", ReasonCode = RevocationReason.KeyCompromise, By = "admin" };

        var revoked = await RevokeSubjectAsync(revocation);

        revoked.Select(SerialText).ShouldBe([first.Serial(), second.Serial()], ignoreOrder: true);
        foreach (var certificate in (X509Certificate2[])[first, second])
        {
            (await Should.ThrowAsync<ProblemException>(RenewAsync(certificate))).Status.ShouldBe(401);
        }

        var refused = await Should.ThrowAsync<ProblemException>(Authority.IssueAsync(DeviceOrder("stolen", key), CancellationToken.None));
        (refused.Status, refused.Code).ShouldBe((403, "subject_revoked"));
        (await RevokeSubjectAsync(revocation)).ShouldBeEmpty();

        (await ReinstateAsync("stolen")).ShouldBeTrue();
        (await ReinstateAsync("stolen")).ShouldBeFalse();
        (await Authority.IssueAsync(DeviceOrder("stolen", key), CancellationToken.None)).ShouldNotBeNull();
        (await Should.ThrowAsync<ProblemException>(RenewAsync(first))).Status.ShouldBe(401);
    }

    [SkippableFact]
    public async Task RevokeSubject_WhileItIsEnrollingAndRenewing_LeavesNoGoodCertificate()
    {
        using var key = StepCaCalls.NewKey();
        using var first = Pem.ParseCertificate((await Authority.IssueAsync(DeviceOrder("racing", key), CancellationToken.None)).Pem);
        var racers = Enumerable.Range(0, 40).Select(async i =>
        {
            try
            {
                await (i % 2 == 0 ? Authority.IssueAsync(DeviceOrder("racing", key), CancellationToken.None) : RenewAsync(first));
            }
            catch (ProblemException e) when (e.Status is 401 or 403 or 429)
            {
                // Came too late.
            }
        });

        await Task.WhenAll(racers.Append(RevokeSubjectAsync(new SubjectRevocation { Profile = Profiles.Device, Subject = "racing", By = "admin" })));

        (await Authority.ListAsync(new CertificateQuery { Subject = "racing", Revoked = false }, CancellationToken.None)).Items.ShouldBeEmpty();
    }

    private async Task<IssuedCertificate> RenewAsync(X509Certificate2 current) => await Authority.RenewAsync(
        new CertificateRenewal { Current = await Authority.IdentifyAsync(current, CancellationToken.None), Profile = Profiles.Device, Quota = Any }, CancellationToken.None);

    private async Task<IReadOnlyList<byte[]>> RevokeSubjectAsync(SubjectRevocation revocation)
    {
        await using var connection = await _ca.Database.DataSource.OpenConnectionAsync();
        return await Authority.RevokeSubjectAsync(revocation, connection, CancellationToken.None);
    }

    private async Task<bool> ReinstateAsync(string subject)
    {
        await using var connection = await _ca.Database.DataSource.OpenConnectionAsync();
        return await Authority.ReinstateSubjectAsync(new SubjectReinstatement { Profile = Profiles.Device, Subject = subject, By = "admin" }, connection, CancellationToken.None);
    }

    private static string SerialText(byte[] serial) => SerialNumber.ToDecimal(serial);

    internal static IssueRequest DeviceOrder(string id, ECDsa key) => new()
    {
        Profile = Profiles.Device,
        Csr = CertificateSigningRequest.ParsePem(StepCaCalls.Csr(key, id)),
        Names = SubjectNames.FromSans(id, [id, SpiffeId.Device("acme", "iot.example", id)]),
        Provisioner = "enrollment",
        Requester = $"device:{id}",
        Tenant = "acme",
    };
}
