using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Tests.Validation;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>One act says before what it hits and afterwards what is done; it is one transaction, and again it does nothing.</summary>
public sealed class EmergencyTests : IAsyncLifetime
{
    private CaHost _ca = null!;
    private Emergencies _emergencies = null!;

    public async Task InitializeAsync()
    {
        _ca = await CaHost.StartAsync(map: app => app.MapEmergencies());
        _emergencies = new Emergencies(_ca.Authority, [new KeyEmergency(_ca.Authority, _ca.Module.ServiceCertificate), new ProfileEmergency(_ca.Authority, _ca.Module.ServiceCertificate)], TimeProvider.System);
    }

    public async Task DisposeAsync() => await _ca.DisposeAsync();

    [SkippableFact]
    public async Task Key_OfTwoCertificates_RevokesBothAndIsRefusedForEver()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var first = await IssueAsync(key, "one.test");
        var second = await IssueAsync(key, "two.test");
        using var other = await _ca.EnrollAsync("other.test");

        var preview = await _emergencies.PreviewAsync("key", first.Serial, default);

        (preview.Certificates, preview.Revoked, preview.SubjectCount, preview.RevokedAt).ShouldBe((2, 0, 2, null));
        preview.Subjects.ShouldBe(["one.test", "two.test"]);
        preview.StillTrusted.Select(t => t.Who).ShouldContain(who => who.Contains("revocation list", StringComparison.Ordinal));
        (await RevokedAsync()).ShouldBe(0, "a preview changes nothing");

        var done = await RunAsync("key", first.Serial, expected: 2);

        (done.Certificates, done.Revoked).ShouldBe((0, 2));
        done.RevokedAt.ShouldNotBeNull();
        done.StillTrusted.ShouldAllBe(t => t.Until > TimeProvider.System.GetUtcNow());
        (await _ca.Authority.FindAsync(second.SerialNumber, default))!.ReasonCode.ShouldBe(RevocationReason.KeyCompromise);
        (await _ca.Authority.FindAsync(other.SerialNumberBytes.ToArray(), default))!.IsRevoked.ShouldBeFalse();
        (await Should.ThrowAsync<ProblemException>(IssueAsync(key, "three.test"))).Code.ShouldBe("key_revoked");
        (await AuditAsync("key.revoked")).ShouldBe(1);
        (await AuditAsync("certificate.revoked")).ShouldBe(2);
    }

    [SkippableFact]
    public async Task Key_Again_ChangesNothing()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = await IssueAsync(key, "one.test");
        await RunAsync("key", certificate.Serial);
        var at = (await _ca.Authority.FindAsync(certificate.SerialNumber, default))!.RevokedAt;

        var again = await RunAsync("key", Convert.ToHexString(SHA256.HashData(key.ExportSubjectPublicKeyInfo())));

        (again.Certificates, again.Revoked, again.RevokedAt).ShouldBe((0, 1, at));
        (await AuditAsync("key.revoked")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Key_OfTheHostItself_IsReplacedAtOnce()
    {
        var former = _ca.Module.ServiceCertificate.Current.SerialNumberBytes.ToArray();

        await RunAsync("key", SerialNumber.ToDecimal(former));

        _ca.Module.ServiceCertificate.Current.SerialNumberBytes.ToArray().ShouldNotBe(former);
        (await _ca.Authority.FindAsync(_ca.Module.ServiceCertificate.Current.SerialNumberBytes.ToArray(), default))!.IsRevoked.ShouldBeFalse();
    }

    /// <summary>X.509 9.5.3.1: a hold becomes final with its date.</summary>
    [SkippableFact]
    public async Task Key_WithACertificateOnHold_EndsTheHold()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = await IssueAsync(key, "held.test");
        await ValidationHost.RevokeAsync(_ca, certificate.SerialNumber, RevocationReason.CertificateHold);
        var since = (await _ca.Authority.FindAsync(certificate.SerialNumber, default))!.RevokedAt;
        (await _emergencies.PreviewAsync("key", certificate.Serial, default)).Certificates.ShouldBe(1);

        await RunAsync("key", certificate.Serial);

        var record = (await _ca.Authority.FindAsync(certificate.SerialNumber, default))!;
        (record.RevokedAt, record.ReasonCode).ShouldBe((since, RevocationReason.KeyCompromise));
    }

    [SkippableFact]
    public async Task Key_RenewedAtTheSameTime_LeavesNoGoodCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = await IssueAsync(key, "race.test");

        var issuing = Enumerable.Range(0, 20).Select(async i =>
        {
            try
            {
                await IssueAsync(key, $"race{i}.test");
            }
            catch (ProblemException e) when (e.Code == "key_revoked")
            {
            }
        });
        await Task.WhenAll([.. issuing, RunAsync("key", certificate.Serial)]);

        (await _emergencies.PreviewAsync("key", certificate.Serial, default)).Certificates.ShouldBe(0);
    }

    [SkippableFact]
    public async Task Key_OfACa_IsRefused()
    {
        var intermediate = _ca.Authority.Issuers.Active.Certificate.SerialNumber;

        (await Should.ThrowAsync<ProblemException>(_emergencies.PreviewAsync("key", "0x" + intermediate, default))).Code.ShouldBe("ca_not_revocable");
        (await Should.ThrowAsync<ProblemException>(RunAsync("key", "0x" + intermediate))).Code.ShouldBe("ca_not_revocable");
        (await RevokedAsync()).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Profile_Leaf_RevokesThoseAndNoOthers()
    {
        using var one = await _ca.EnrollAsync("one.test");
        using var two = await _ca.EnrollAsync("two.test");
        var preview = await _emergencies.PreviewAsync("profile", "leaf", default);
        preview.Certificates.ShouldBe(2);

        (await RunAsync("profile", "leaf", preview.Certificates)).Revoked.ShouldBe(2);

        (await RevokedAsync()).ShouldBe(2);
        using var after = await _ca.EnrollAsync("three.test");
        (await _emergencies.PreviewAsync("profile", "leaf", default)).Certificates.ShouldBe(1);
    }

    [SkippableFact]
    public async Task Profile_Service_TheHostHasAnotherCertificateAtOnce()
    {
        var before = _ca.Module.ServiceCertificate.Current.SerialNumber;

        await RunAsync("profile", "service");

        _ca.Module.ServiceCertificate.Current.SerialNumber.ShouldNotBe(before);
        using var client = _ca.Client();
        (await client.GetAsync("/health")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableTheory]
    [InlineData("profile", "device", "profile_unknown")]
    [InlineData("profile", "root", "profile_unknown")]
    [InlineData("key", "17", "certificate_not_found")]
    [InlineData("key", "not a serial", "certificate_not_found")]
    [InlineData("everything", "x", "emergency_kind_unknown")]
    public async Task Preview_OfNothing_SaysSo(string kind, string target, string code) =>
        (await Should.ThrowAsync<ProblemException>(_emergencies.PreviewAsync(kind, target, default))).Code.ShouldBe(code);

    [SkippableFact]
    public async Task Run_MoreThanThePreviewShowed_IsRefused()
    {
        using var one = await _ca.EnrollAsync("one.test");

        (await Should.ThrowAsync<ProblemException>(RunAsync("profile", "leaf", expected: 0))).Code.ShouldBe("emergency_changed");
        (await Should.ThrowAsync<ProblemException>(RunAsync("profile", "leaf", reason: RevocationReason.CertificateHold))).Code.ShouldBe("reason_code");

        (await RevokedAsync()).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Http_PreviewAndAct_NeedAnAdministrator()
    {
        using var certificate = await _ca.EnrollAsync("http.test");
        using var nobody = _ca.Client();
        (await nobody.GetAsync("/portal/emergencies/profile/leaf")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await nobody.PostAsJsonAsync("/portal/emergencies/profile/leaf", new EmergencyRequest(), ContractsJson.Default.EmergencyRequest)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        using var admin = _ca.As("admin", Roles.Admin);

        var preview = await admin.GetFromJsonAsync("/portal/emergencies/profile/leaf", ContractsJson.Default.EmergencyView);
        preview!.Certificates.ShouldBe(1);
        using var done = await admin.PostAsJsonAsync("/portal/emergencies/profile/leaf", new EmergencyRequest { Reason = "leaked", Expected = 1 }, ContractsJson.Default.EmergencyRequest);

        (await done.Content.ReadFromJsonAsync(ContractsJson.Default.EmergencyView))!.Revoked.ShouldBe(1);
        (await _ca.Database.ScalarAsync<string>("SELECT actor FROM audit.entries WHERE action = 'profile.revoked'")).ShouldBe("admin");
    }

    private Task<EmergencyView> RunAsync(string kind, string target, int? expected = null, RevocationReason? reason = null) =>
        _emergencies.RunAsync(new EmergencyOrder { Kind = kind, Target = target, Expected = expected, ReasonCode = reason, Reason = "drill", By = "admin" }, default);

    private Task<IssuedCertificate> IssueAsync(ECDsa key, string name) => _ca.Authority.IssueAsync(
        new IssueRequest
        {
            Profile = Profiles.Leaf,
            Csr = CertificateSigningRequest.Of(key),
            Names = new SubjectNames { CommonName = name, Dns = [name] },
            Provisioner = "test",
            Requester = "test",
        },
        CancellationToken.None);

    private Task<long> RevokedAsync() => _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.revocations");

    private Task<long> AuditAsync(string action) => _ca.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = $1", action);
}
