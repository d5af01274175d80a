using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Tests.Imports;
using IoTPlatform.Identity;

namespace IoTPlatform.CertificateAuthority.Tests.Administration;

/// <summary>Whom the administration API lets in, and whom it does not.</summary>
public sealed class AdminTokenTests(AdminHost host) : IClassFixture<AdminHost>
{
    private const string Admins = "GET /admin/admins";

    [SkippableFact]
    public async Task Token_OfAnAdministratorsCertificate_OpensOnce()
    {
        var token = AdminCalls.Token(Claims(), host.Super);

        (await host.Http.SendAdminAsync(Admins, token)).Status.ShouldBe(HttpStatusCode.OK);
        (await host.Http.SendAdminAsync(Admins, token)).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
        (await host.Http.SendAdminAsync(Admins, "Bearer " + AdminCalls.Token(Claims(), host.Super, key: null, host.Ca.Authority.Chain.Root))).Status.ShouldBe(HttpStatusCode.OK, "with its issuers, as step sends it");
    }

    [SkippableFact]
    public async Task NoToken_Is401() => (await host.Http.SendAdminAsync(Admins, token: null)).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");

    [SkippableTheory]
    [InlineData("aud", "\"https://127.0.0.1/admin/provisioners\"")]
    [InlineData("aud", "\"https://127.0.0.1/admin/Admins\"")]
    [InlineData("aud", "\"https://elsewhere.test/admin/admins\"")]
    [InlineData("aud", "\"http://127.0.0.1/admin/admins\"")]
    [InlineData("aud", "\"https://127.0.0.1/1.0/sign\"")]
    [InlineData("iss", "\"step-ca-client/1.0\"")]
    [InlineData("iss", "\"iot-bridge\"")]
    [InlineData("sub", "\"\"")]
    [InlineData("sub", "null")]
    [InlineData("jti", "null")]
    [InlineData("exp", "null")]
    [InlineData("iat", "null")]
    [InlineData("nbf", "null")]
    [InlineData("exp", "9999999999")]
    [InlineData("exp", "1000000000")]
    [InlineData("nbf", "9999999999")]
    public async Task Token_WithAnotherClaim_Is401(string claim, string value)
    {
        var claims = Claims();
        claims[claim] = JsonNode.Parse(value);

        (await host.Http.SendAdminAsync(Admins, AdminCalls.Token(claims, host.Super))).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [SkippableFact]
    public async Task Token_SignedWithAnotherKey_Is401()
    {
        using var other = StepCaCalls.NewKey();

        (await host.Http.SendAdminAsync(Admins, AdminCalls.Token(Claims(), host.Super, other))).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [SkippableFact]
    public async Task Certificate_OfAnotherAuthority_Is401()
    {
        using var key = StepCaCalls.NewKey();
        var request = new CertificateRequest("CN=step", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(Pki.Oids.ClientAuth)], critical: false));
        using var foreign = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));

        (await host.Http.SendAdminAsync(Admins, AdminCalls.Token(Claims(), foreign, key: null, host.Ca.Authority.Chain.Root))).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [SkippableFact]
    public async Task Certificate_OfTheSameNameByAnotherProvisioner_Is401()
    {
        using var certificate = await host.Ca.EnrollAsync("step");

        (await host.Http.AdminAsync(certificate, Admins)).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
    }

    /// <summary>Whoever had the key of an authority that was imported wrote names and provisioners as they liked.</summary>
    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Certificate_Imported_WithTheNameAndProvisionerOfAnAdministrator_Is401_AlsoRenewed(bool withKey)
    {
        using var other = new OtherAuthority($"Admins {withKey}");
        using var key = StepCaCalls.NewKey();
        using var imported = other.Leaf("step", key);
        using var admin = host.As(Roles.Admin);
        await other.ImportAsync(admin, withKey ? other.Import("password") : other.ImportWithoutKey(), OtherAuthority.Item(imported) with { Provisioner = "ops" });

        (await host.Http.AdminAsync(imported, Admins)).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");

        using var client = host.Ca.Client(imported);
        var reply = await client.SendAsync("/1.0/renew", "");
        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        reply.Certificate.Issuer.ShouldBe((withKey ? other.Issuer : host.Ca.Authority.Chain.Issuer).Subject);
        using var renewed = reply.Certificate.CopyWithPrivateKey(key);
        (await host.Http.AdminAsync(renewed, Admins)).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [SkippableFact]
    public async Task Certificate_OfTheHost_Is401()
    {
        await host.Administrators.AddAsync(Pki.ParsedCertificate.Parse(host.Ca.Module.ServiceCertificate.Current.RawDataMemory).Names.CommonName!, "iot-bridge", isSuper: true, "operator", default);

        (await host.Http.AdminAsync(host.Ca.Module.ServiceCertificate.Current, Admins)).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [SkippableFact]
    public async Task Certificate_OfNoAdministrator_IsToldSo()
    {
        using var certificate = await host.CertificateAsync("nobody");

        var reply = await host.Http.AdminAsync(certificate, Admins);

        reply.ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
        reply.Message.ShouldBe("unable to load admin with subject(s) [nobody] and provisioner 'ops'");
    }

    [SkippableFact]
    public async Task Certificate_Revoked_OpensNothingFromThatMoment()
    {
        using var certificate = await host.CertificateAsync("anna@example.com");
        (await host.Http.AdminAsync(certificate, Admins)).Status.ShouldBe(HttpStatusCode.OK);

        (await host.Http.RevokeAsync(certificate.Serial(), host.Ca.RevokeToken(certificate.Serial()))).Status.ShouldBe(HttpStatusCode.OK);

        (await host.Http.AdminAsync(certificate, Admins)).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [SkippableFact]
    public async Task Administrator_Removed_OpensNothingFromThatMoment()
    {
        await host.Administrators.AddAsync("bert", "ops", isSuper: false, "operator", default);
        using var certificate = await host.CertificateAsync("bert");
        (await host.Http.AdminAsync(certificate, Admins)).Status.ShouldBe(HttpStatusCode.OK);

        await host.Administrators.RemoveAsync(await host.IdOfAsync("bert"), mayCloseApi: false, "operator", default);

        (await host.Http.AdminAsync(certificate, Admins)).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
    }

    /// <summary>Whoever had the key of the removed one must not be an administrator of the new one.</summary>
    [SkippableFact]
    public async Task Certificate_OfAnEarlierProvisionerOfThatName_Is401()
    {
        using var first = await host.AddProvisionerAsync("again");
        using var certificate = await host.CertificateAsync("carl", "again", first);
        (await host.Http.AdminAsync(host.Super, "DELETE /admin/provisioners/again")).Status.ShouldBe(HttpStatusCode.OK);
        using var second = await host.AddProvisionerAsync("again");
        await host.Administrators.AddAsync("carl", "again", isSuper: true, "operator", default);

        (await host.Http.AdminAsync(certificate, Admins)).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
        using var holder = host.Ca.Client(certificate);
        (await holder.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Unauthorized, "else it would be one of the new provisioner");
        using var bought = await host.CertificateAsync("carl", "again", second);
        (await host.Http.AdminAsync(bought, Admins)).Status.ShouldBe(HttpStatusCode.OK);
        using var owner = host.Ca.Client(bought);
        (await owner.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Created);
        await host.Administrators.RemoveAsync(await host.IdOfAsync("carl", "again"), mayCloseApi: false, "operator", default);
    }

    [SkippableFact]
    public async Task AccessToken_OfTheStack_OpensItsOwnApiAlone()
    {
        using var operators = host.As(Roles.Admin);

        var reply = await operators.ReadAsync("/admin/admins");

        reply.ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
        (await AdminHost.ListAsync(operators))!.Items.ShouldContain(one => one.Subject == "step" && one.Super);
    }

    [SkippableFact]
    public async Task Token_InTheLog_IsNowhere()
    {
        var token = AdminCalls.Token(Claims(), host.Super);
        await host.Http.SendAdminAsync(Admins, token);
        await host.Http.SendAdminAsync(Admins, token);

        host.Ca.Logs.Text.ShouldNotContain(token.Split('.')[2]);
    }

    private JsonObject Claims() => AdminCalls.Claims(host.Ca.Url, "/admin/admins", "step");
}
