using System.Net;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests;

public sealed class RestartTests
{
    [SkippableFact]
    public async Task Restart_OfTheHost_KeepsRootProvisionerRevocationsAndUsedTokens()
    {
        await using var ca = await CaHost.StartAsync();
        var (root, kid, service) = (ca.RootFingerprint, ca.Module.IotBridge.KeyId, ca.Module.ServiceCertificate.Current.SerialNumber);
        using var revoked = await ca.EnrollAsync("revoked.test");
        using var good = await ca.EnrollAsync("good.test");
        using var key = StepCaCalls.NewKey();
        var token = ca.Token("once.test");
        using (var client = ca.Client(revoked))
        {
            (await client.RevokeAsync(revoked.Serial())).Status.ShouldBe(HttpStatusCode.OK);
            (await client.SignAsync(StepCaCalls.Csr(key, "once.test"), token)).Status.ShouldBe(HttpStatusCode.Created);
        }

        await ca.RestartAsync();

        (ca.RootFingerprint, ca.Module.IotBridge.KeyId, ca.Module.ServiceCertificate.Current.SerialNumber).ShouldBe((root, kid, service));
        using var asRevoked = ca.Client(revoked);
        (await asRevoked.SendAsync("/renew", "")).ShouldBeRefused(401, StepCaCalls.Unauthorized);
        (await asRevoked.SignAsync(StepCaCalls.Csr(key, "once.test"), token)).ShouldBeRefused(401, StepCaCalls.Unauthorized);
        using var asGood = ca.Client(good);
        (await asGood.SendAsync("/renew", "")).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Renew_ExpiredCertificate_Is401()
    {
        var time = new Testing.FakeTime(TimeProvider.System.GetUtcNow());
        await using var ca = await CaHost.StartAsync(time: time);
        using var certificate = await ca.EnrollAsync("old.test", ("notAfter", "10m"));
        using var client = ca.Client(certificate);

        time.Advance(TimeSpan.FromMinutes(11));

        (await client.SendAsync("/renew", "")).ShouldBeRefused(401, StepCaCalls.Unauthorized);
        (await client.RevokeAsync(certificate.Serial())).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    [SkippableFact]
    public async Task UsedTokens_LongExpired_AreForgottenAndStayRefused()
    {
        var time = new Testing.FakeTime(TimeProvider.System.GetUtcNow());
        await using var ca = await CaHost.StartAsync(time: time);
        var claims = ca.Claims("a.test");
        using var client = ca.Client();
        using var key = StepCaCalls.NewKey();
        (await client.SignAsync(StepCaCalls.Csr(key, "a.test"), ca.Token(claims))).Status.ShouldBe(HttpStatusCode.Created);

        while (await ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.used_tokens") > 0)
        {
            time.Advance(TimeSpan.FromHours(1));
        }

        (await client.SignAsync(StepCaCalls.Csr(key, "a.test"), ca.Token(claims))).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    [SkippableFact]
    public async Task Sign_UrlsConfigured_AreInEveryLeaf()
    {
        await using var ca = await CaHost.StartAsync(CaHost.DefaultOptions with
        {
            Validation = new ValidationAddress(new Uri("http://va.iot.example/")),
        });
        using var certificate = await ca.EnrollAsync("a.test");
        using var client = ca.Client(certificate);

        foreach (var leaf in new[] { certificate, (await client.SendAsync("/renew", "")).Certificate })
        {
            var text = System.Text.Encoding.ASCII.GetString(leaf.RawData);
            text.ShouldContain("http://va.iot.example/crl/");
            text.ShouldContain("http://va.iot.example/ocsp");
            text.ShouldContain("http://va.iot.example/ca/");
        }
    }
}
