using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Client.Tests.Doubles;
using IoTPlatform.Pki;

namespace IoTPlatform.Agent.Tests;

public sealed class EnrollTests
{
    [Fact]
    public async Task Enroll_Token_BecomesAnIdentityOnDisk()
    {
        await using var tenant = await FakeTenant.StartAsync();
        using var folder = tenant.Open();

        using var identity = await tenant.Agent(folder).EnrollAsync(tenant.Enrollment);

        identity.Certificate.HasPrivateKey.ShouldBeTrue();
        SubjectNames.FromCertificate(identity.Certificate).CommonName.ShouldBe("pump-1");
        File.GetUnixFileMode(folder.IdentityPath).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.GetUnixFileMode(folder.Path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Exists(folder.PendingKeyPath).ShouldBeFalse();
        using var loaded = folder.LoadIdentity()!;
        loaded.Certificate.RawData.ShouldBe(identity.Certificate.RawData);
    }

    [Fact]
    public async Task Enroll_Request_CarriesTokenAndCsrAndNoKey()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();

        var seen = tenant.Calls.Single();

        seen.Path.ShouldBe("/devices/pump-1/enroll");
        seen.Authorization.ShouldBe("Bearer one-time-token");
        seen.Body.ShouldNotContain("PRIVATE");
        var csr = CertificateSigningRequest.ParsePem(CsrOf(seen));
        csr.Names.CommonName.ShouldBe("pump-1");
        csr.Names.Dns.ShouldBe(["pump-1"]);
        csr.Key.ShouldBe(KeyKind.P256);
    }

    [Fact]
    public async Task Enroll_Token_IsNowhereOnDisk()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();

        foreach (var file in Directory.EnumerateFiles(tenant.DevicePath, "*", SearchOption.AllDirectories))
        {
            (await File.ReadAllTextAsync(file)).ShouldNotContain("one-time-token");
        }
    }

    [Fact]
    public async Task Enroll_AnswerLost_AsksAgainWithTheSameKey()
    {
        await using var tenant = await FakeTenant.StartAsync();
        tenant.Fault = (context, _) =>
        {
            if (tenant.Calls.Count == 1)
            {
                context.Abort();
            }

            return Task.FromResult(tenant.Calls.Count == 1);
        };
        using (var folder = tenant.Open())
        {
            await Should.ThrowAsync<UnreachableException>(() => tenant.Agent(folder).EnrollAsync(tenant.Enrollment));
        }

        await tenant.EnrollAsync();

        KeyOf(tenant.Calls[0]).ShouldBe(KeyOf(tenant.Calls[1]));
    }

    [Fact]
    public async Task Enroll_KeyWasRevoked_NextAttemptMakesAnother()
    {
        await using var tenant = await FakeTenant.StartAsync();
        tenant.Fault = async (context, _) =>
        {
            if (tenant.Calls.Count > 1)
            {
                return false;
            }

            await context.ProblemAsync(403, "certificate_revoked", "revoked");
            return true;
        };
        using (var folder = tenant.Open())
        {
            await Should.ThrowAsync<ApiException>(() => tenant.Agent(folder).EnrollAsync(tenant.Enrollment));
        }

        await tenant.EnrollAsync();

        KeyOf(tenant.Calls[0]).ShouldNotBe(KeyOf(tenant.Calls[1]));
    }

    [Fact]
    public async Task Enroll_AnswerForAnotherKey_IsRefused()
    {
        await using var tenant = await FakeTenant.StartAsync();
        using var foreign = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var now = tenant.Time.GetUtcNow();
        using var wrong = tenant.Server.Authority.Device(CertificateSigningRequest.CreatePem(foreign, new SubjectNames { CommonName = "pump-1" }), now, now.AddHours(1));
        tenant.Change = answer => answer with { Certificate = wrong.ExportCertificatePem() + "\n" };

        await RefusedAsync(tenant, "another key");
    }

    [Fact]
    public async Task Enroll_AnswerForAnotherDevice_IsRefused()
    {
        await using var tenant = await FakeTenant.StartAsync();
        tenant.Fault = async (context, request) =>
        {
            await context.JsonAsync(tenant.Issue(request, otherName: "pump-2"), Contracts.ContractsJson.Default.EnrollResponse);
            return true;
        };

        await RefusedAsync(tenant, "another device");
    }

    [Fact]
    public async Task Enroll_ChainToAnotherRoot_IsRefused()
    {
        await using var tenant = await FakeTenant.StartAsync();
        using var foreign = new TestAuthority("Foreign", tenant: "acme");
        tenant.Fault = async (context, request) =>
        {
            var now = tenant.Time.GetUtcNow();
            using var certificate = foreign.Device(CsrOf(request), now, now.AddHours(1));
            await context.JsonAsync(tenant.Issue(request) with { Certificate = certificate.ExportCertificatePem() + "\n", CaChain = foreign.ChainPem }, Contracts.ContractsJson.Default.EnrollResponse);
            return true;
        };

        await RefusedAsync(tenant, "chain");
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    public async Task Enroll_AnswerIsNoCertificate_IsRefused(string certificate)
    {
        await using var tenant = await FakeTenant.StartAsync();
        tenant.Change = answer => answer with { Certificate = certificate };

        await RefusedAsync(tenant, "cannot use");
    }

    [Theory]
    [InlineData("Pump-1")]
    [InlineData("a:b")]
    [InlineData("../x")]
    [InlineData("")]
    public async Task Enroll_BadDeviceId_NeverLeavesTheDevice(string id)
    {
        await using var tenant = await FakeTenant.StartAsync();
        using var folder = tenant.Open();

        await Should.ThrowAsync<AgentException>(() => tenant.Agent(folder).EnrollAsync(new Enrollment { Settings = tenant.Settings with { DeviceId = id }, Root = tenant.Server.Trust, Token = "t" }));

        tenant.Calls.ShouldBeEmpty();
    }

    [Fact]
    public async Task Enroll_EnrolledAlready_DoesNotSpendAToken()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        using var folder = tenant.Open();

        var e = await Should.ThrowAsync<AgentException>(() => tenant.Agent(folder).EnrollAsync(tenant.Enrollment));

        e.Message.ShouldContain("is enrolled until");
        tenant.Calls.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Enroll_FolderOfAnotherDevice_IsRefused()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        using var folder = tenant.Open();

        var e = await Should.ThrowAsync<AgentException>(() => tenant.Agent(folder).EnrollAsync(new Enrollment { Settings = tenant.Settings with { DeviceId = "pump-2" }, Root = tenant.Server.Trust, Token = "t" }));

        e.Message.ShouldContain("belongs to device pump-1");
    }

    [Fact]
    public async Task Enroll_IdentityExpired_EnrolsAgain()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        tenant.Time.Advance(TimeSpan.FromHours(25));

        await tenant.EnrollAsync();

        using var folder = tenant.Open();
        using var identity = folder.LoadIdentity()!;
        identity.NotAfter.ShouldBeGreaterThan(tenant.Time.GetUtcNow());
    }

    internal static string CsrOf(SeenRequest request) => JsonDocument.Parse(request.Body).RootElement.GetProperty("csr").GetString()!;

    internal static string KeyOf(SeenRequest request) => Convert.ToHexString(CertificateSigningRequest.ParsePem(CsrOf(request)).SubjectPublicKeyInfoSha256);

    private static async Task RefusedAsync(FakeTenant tenant, string why)
    {
        using var folder = tenant.Open();
        var e = await Should.ThrowAsync<AgentException>(() => tenant.Agent(folder).EnrollAsync(tenant.Enrollment));
        e.Message.ShouldContain(why);
        File.Exists(folder.IdentityPath).ShouldBeFalse();
    }
}
