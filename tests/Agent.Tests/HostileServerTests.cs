using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Client.Tests.Doubles;
using IoTPlatform.Contracts;
using IoTPlatform.Testing;

namespace IoTPlatform.Agent.Tests;

/// <summary>Below the platform's root every tenant may sign any host name and any device: the agent knows its tenant by the trust domain alone.</summary>
public sealed class HostileServerTests
{
    [Fact]
    public async Task Enroll_ServerOfAnotherTenant_NeverSeesTheToken()
    {
        await using var evil = await FaultyServer.StartAsync(authority: new TestAuthority(tenant: "evilb"));
        using var temp = new TempFolder();
        using var folder = DeviceFolder.Open(temp.Combine("device"));

        var e = await Should.ThrowAsync<UnreachableException>(() => new DeviceAgent(folder).EnrollAsync(new Enrollment
        {
            Settings = new DeviceSettings { TenantUrl = evil.Url, DeviceId = "pump-1", TrustDomain = "acme.iot.example" },
            Root = evil.Trust,
            Token = "one-time-token",
        }));

        e.Reason.ShouldBe(UnreachableReason.Untrusted);
        evil.Seen.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("spiffe://acme.iot.example/device/pump-1")]
    [InlineData("spiffe://evilb.iot.example/device/pump-1")]
    public async Task Enroll_CertificateOfAnotherTenant_IsRefused(string spiffeId)
    {
        await using var tenant = await FakeTenant.StartAsync();
        using var evil = tenant.Server.Authority.IssueSubCa("evilb");
        AnswerWith(tenant, request => tenant.Server.Authority.Device(
            EnrollTests.CsrOf(request), tenant.Time.GetUtcNow().AddMinutes(-1), tenant.Time.GetUtcNow().AddHours(1), issuer: evil, spiffeId: spiffeId), evil);

        (await RefusedAsync(tenant)).Message.ShouldContain("cannot use");
    }

    [Theory]
    [InlineData("spiffe://acme.iot.example/device/pump-2")]
    [InlineData("spiffe://acme.iot.example/service/pump-1")]
    [InlineData("spiffe://acme.iot.example/device/pump-1/x")]
    public async Task Enroll_CertificateWithAnotherSpiffeId_IsRefused(string spiffeId)
    {
        await using var tenant = await FakeTenant.StartAsync();
        AnswerWith(tenant, request => tenant.Server.Authority.Device(
            EnrollTests.CsrOf(request), tenant.Time.GetUtcNow().AddMinutes(-1), tenant.Time.GetUtcNow().AddHours(1), spiffeId: spiffeId), tenant.Server.Authority.Issuer);

        (await RefusedAsync(tenant)).Message.ShouldContain("SPIFFE id");
    }

    [Fact]
    public async Task Enroll_SubCaIsRevoked_DoesNotShowTheToken()
    {
        await using var tenant = await FakeTenant.StartAsync();
        tenant.List = () => tenant.Revoking(2, tenant.Server.Authority.Issuer);

        await UntrustedAsync(tenant, "revoked");
    }

    [Fact]
    public async Task Enroll_ListHasEnded_DoesNotShowTheToken()
    {
        await using var tenant = await FakeTenant.StartAsync();
        var old = tenant.Revoking(1);
        tenant.List = () => old;
        tenant.Time.Advance(TimeSpan.FromDays(15));

        await UntrustedAsync(tenant, "ended");
    }

    [Fact]
    public async Task Enroll_ListSignedByTheTenant_DoesNotShowTheToken()
    {
        await using var tenant = await FakeTenant.StartAsync();
        tenant.List = () => TestRevocationList.Create(tenant.Server.Authority.Issuer, 9, tenant.Time.GetUtcNow(), tenant.Time.GetUtcNow().AddDays(14));

        await UntrustedAsync(tenant, "not signed");
    }

    [Fact]
    public async Task Enroll_NoTrustDomain_NeverLeavesTheDevice()
    {
        await using var tenant = await FakeTenant.StartAsync();
        using var folder = tenant.Open();

        var e = await Should.ThrowAsync<AgentException>(() => tenant.Agent(folder).EnrollAsync(
            new Enrollment { Settings = tenant.Settings with { TrustDomain = null }, Root = tenant.Server.Trust, Token = "t" }));

        e.Message.ShouldContain("trust domain");
        tenant.Server.Seen.ShouldBeEmpty();
    }

    [Fact]
    public async Task Renew_SubCaRevokedSince_IsRefusedFromThenOn_AlsoWithTheOldListReplayed()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        tenant.List = () => tenant.Revoking(2, tenant.Server.Authority.Issuer);
        await UntrustedRenewalAsync(tenant);
        tenant.List = () => tenant.Revoking(1);

        await UntrustedRenewalAsync(tenant);
        tenant.Calls.Count.ShouldBe(1);
    }

    /// <summary>A list of an Intermediate CA that was replaced, whose key is in other hands.</summary>
    [Fact]
    public async Task Renew_AListOfAFormerIntermediateWithAHigherNumber_DoesNotKeepTheNewOnesOut()
    {
        using var former = new TestAuthority("Former Root");
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        using (var folder = tenant.Open())
        {
            folder.SaveRevokedSubCas(Pki.RevokedSubCas.Parse(
                TestRevocationList.Create(former.Intermediate, long.MaxValue, tenant.Time.GetUtcNow().AddMinutes(-1), tenant.Time.GetUtcNow().AddDays(14))));
        }

        tenant.List = () => tenant.Revoking(2, tenant.Server.Authority.Issuer);
        await UntrustedRenewalAsync(tenant);
        tenant.List = () => tenant.Revoking(1);

        await UntrustedRenewalAsync(tenant);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Renew_ListHasEndedOrIsNotToBeHad_Renews(bool ended)
    {
        await using var tenant = await FakeTenant.StartAsync();
        tenant.Lifetime = TimeSpan.FromDays(40);
        await tenant.EnrollAsync();
        var old = tenant.Revoking(1);
        tenant.List = () => ended ? old : "no list"u8.ToArray();
        tenant.Time.Advance(TimeSpan.FromDays(30));

        using var folder = tenant.Open();
        using var renewed = await tenant.Agent(folder).RenewAsync(newKey: true);
        tenant.Calls.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Renew_FolderWithoutATrustDomain_IsPinnedToTheTenantOfItsCertificate()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        using var folder = tenant.Open();
        folder.SaveSettings(tenant.Settings with { TrustDomain = null }, tenant.Server.Trust);

        using (await tenant.Agent(folder).RenewAsync(newKey: true))
        {
        }
        folder.SaveSettings(tenant.Settings with { TrustDomain = "globex.iot.example" }, tenant.Server.Trust);

        (await Should.ThrowAsync<UnreachableException>(() => tenant.Agent(folder).RenewAsync(newKey: true))).Reason.ShouldBe(UnreachableReason.Untrusted);
    }

    private static void AnswerWith(FakeTenant tenant, Func<SeenRequest, X509Certificate2> issue, X509Certificate2 issuer) => tenant.Fault = async (context, request) =>
    {
        using var certificate = issue(request);
        var chain = string.Concat(new[] { issuer, tenant.Server.Authority.Intermediate, tenant.Server.Authority.Root }.Select(ca => ca.ExportCertificatePem() + "\n"));
        await context.JsonAsync(tenant.Issue(request) with { Certificate = certificate.ExportCertificatePem() + "\n", CaChain = chain }, ContractsJson.Default.EnrollResponse);
        return true;
    };

    private static async Task<AgentException> RefusedAsync(FakeTenant tenant)
    {
        using var folder = tenant.Open();
        var e = await Should.ThrowAsync<AgentException>(() => tenant.Agent(folder).EnrollAsync(tenant.Enrollment));
        File.Exists(folder.IdentityPath).ShouldBeFalse();
        return e;
    }

    private static async Task UntrustedAsync(FakeTenant tenant, string reason)
    {
        using var folder = tenant.Open();
        var e = await Should.ThrowAsync<UnreachableException>(() => tenant.Agent(folder).EnrollAsync(tenant.Enrollment));
        e.Reason.ShouldBe(UnreachableReason.Untrusted);
        e.Message.ShouldContain(reason);
        tenant.Calls.ShouldBeEmpty();
    }

    private static async Task UntrustedRenewalAsync(FakeTenant tenant)
    {
        using var folder = tenant.Open();
        (await Should.ThrowAsync<UnreachableException>(() => tenant.Agent(folder).RenewAsync(newKey: true))).Reason.ShouldBe(UnreachableReason.Untrusted);
    }
}
