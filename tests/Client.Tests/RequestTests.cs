using System.Text.Json;
using IoTPlatform.Client.Tests.Doubles;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace IoTPlatform.Client.Tests;

/// <summary>What goes over the wire.</summary>
public sealed class RequestTests
{
    private static readonly JoinRequest Join = new() { SubCaCsr = "a", MqttBridgeCsr = "b" };
    private static readonly Guid Token = new("0199f1c2-7d5a-7c11-9a53-2f3f6d1f0a11");
    private static readonly DateTimeOffset Day = new(2030, 1, 15, 0, 0, 0, TimeSpan.Zero);

    public static TheoryData<string, string> ProviderCalls => new()
    {
        { "prepare", "POST /portal/admin/tenants/prepare" },
        { "list", "GET /portal/admin/tenants?cursor=c%2F1&limit=5" },
        { "show", "GET /portal/admin/tenants/acme" },
        { "replace-key", "POST /portal/admin/tenants/acme/join-key" },
        { "revoke-key", "DELETE /portal/admin/tenants/acme/join-key" },
        { "remove", "DELETE /portal/admin/tenants/acme" },
        { "join", "POST /portal/admin/join" },
        { "confirm", "POST /portal/admin/tenants/acme/join-confirm" },
        { "request", "POST /portal/admin/join-request/acme" },
        { "approve", "POST /portal/admin/join-request/acme/approve" },
        { "reject", "POST /portal/admin/join-request/acme/reject" },
        { "status", "GET /portal/admin/tenants/acme/join-status" },
        { "rotate", "POST /portal/admin/tenants/acme/sub-ca/rotate" },
        { "retire", "POST /portal/admin/tenants/acme/sub-ca/retire" },
        { "bridge", "POST /portal/admin/tenants/acme/bridge/renew" },
        { "certificates", "GET /portal/certificates?text=pump&revoked=true&expiring_before=2030-01-16T00%3A00%3A00.0000000%2B00%3A00&expiring_after=2030-01-15T00%3A00%3A00.0000000%2B00%3A00&limit=3" },
        { "certificates of", "GET /portal/certificates?name=pump&issuer=I%201&provisioner=builds&endpoint=7&state=on-hold" },
        { "certificates exported", "GET /portal/certificates/export?state=valid&format=json" },
        { "endpoints", "GET /portal/endpoints?name=pump&provisioner=builds&profile=leaf&active=true&expiring=false&cursor=9&limit=3" },
        { "certificate", "GET /portal/certificates/123" },
        { "revoke", "POST /portal/certificates/123/revoke" },
        { "hold", "POST /portal/certificates/123/hold" },
        { "release", "POST /portal/certificates/123/release" },
        { "audit", "GET /portal/audit?cursor=7" },
        { "verify", "GET /portal/audit/verify" },
        { "link", "POST /portal/admin/accounts/ada/sign-in-link" },
    };

    public static TheoryData<string, string> TenantCalls => new()
    {
        { "token", "POST /portal/devices/tokens" },
        { "tokens", "GET /portal/devices/tokens" },
        { "revoke-token", "DELETE /portal/devices/tokens/0199f1c2-7d5a-7c11-9a53-2f3f6d1f0a11" },
        { "devices", "GET /portal/devices?limit=9" },
        { "device", "GET /portal/devices/pump-1" },
        { "revoke", "POST /portal/devices/pump-1/revoke" },
        { "hold", "POST /portal/devices/pump-1/hold" },
        { "release", "POST /portal/devices/pump-1/release" },
        { "rotate", "POST /portal/sub-ca/rotate" },
        { "enroll", "POST /devices/pump-1/enroll" },
        { "renew", "POST /devices/pump-1/renew" },
    };

    [Theory]
    [MemberData(nameof(ProviderCalls))]
    public async Task ProviderCall_MethodAndPath_AreTheApis(string call, string expected)
    {
        await using var server = await FaultyServer.StartAsync();
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        await Should.ThrowAsync<ApiException>(() => ProviderCall(client, call));

        server.Seen.Single().ShouldSatisfyAllConditions(request => $"{request.Method} {request.Path}".ShouldBe(expected));
    }

    [Theory]
    [MemberData(nameof(TenantCalls))]
    public async Task TenantCall_MethodAndPath_AreTheApis(string call, string expected)
    {
        await using var server = await FaultyServer.StartAsync(authority: new TestAuthority(tenant: "acme"));
        using var client = TenantClient.Create(server.Url, server.Trust.Tenant("acme.iot.example"));

        await Should.ThrowAsync<ApiException>(() => TenantCall(client, call));

        server.Seen.Single().ShouldSatisfyAllConditions(request => $"{request.Method} {request.Path}".ShouldBe(expected));
    }

    [Theory]
    [InlineData("../admin", "/portal/admin/tenants/..%2Fadmin")]
    [InlineData("a?b=c", "/portal/admin/tenants/a%3Fb%3Dc")]
    [InlineData("a/b", "/portal/admin/tenants/a%2Fb")]
    public async Task Id_WithDelimiters_CannotLeaveItsPlace(string id, string path)
    {
        await using var server = await FaultyServer.StartAsync();
        string? raw = null;
        server.Answer = (context, _) =>
        {
            raw = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
            return context.ProblemAsync(404, "no", "no");
        };
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        await Should.ThrowAsync<ApiException>(() => client.GetTenantAsync(id));

        raw.ShouldBe(path);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    public async Task Id_ThatIsNoSegment_IsNotSent(string id)
    {
        using var authority = new TestAuthority();
        using var client = ProviderClient.Create(new Uri("https://localhost:1/"), RootTrust.FromCertificate(authority.Root).Provider());

        await Should.ThrowAsync<ArgumentException>(async () => await client.GetTenantAsync(id));
    }

    [Fact]
    public async Task AccessTokens_AreFetchedOnce_AndAgainBeforeTheyEnd()
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (_, _) => Task.CompletedTask;
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());
        var (time, fetched) = (new FakeTime(), 0);
        client.UseTokens(new AccessTokens(() => Task.FromResult(new IssuedTokens { AccessToken = $"t{++fetched}", ExpiresIn = 300 }), time).GetAsync);

        await client.RemoveTenantAsync("acme");
        time.Advance(TimeSpan.FromSeconds(269));
        await client.RemoveTenantAsync("acme");
        time.Advance(TimeSpan.FromSeconds(1));
        await Task.WhenAll(client.RemoveTenantAsync("acme"), client.RemoveTenantAsync("acme"));

        server.Seen.Select(request => request.Authorization).ShouldBe(["Bearer t1", "Bearer t1", "Bearer t2", "Bearer t2"]);
        fetched.ShouldBe(2);
    }

    [Fact]
    public async Task AccessTokens_FetchThatFailed_IsTriedAgain()
    {
        var answers = new Queue<Func<Task<IssuedTokens>>>([() => throw new IOException("away"), () => Task.FromResult(new IssuedTokens { AccessToken = "t", ExpiresIn = 300 })]);
        var tokens = new AccessTokens(() => answers.Dequeue()(), new FakeTime());

        await Should.ThrowAsync<IOException>(() => tokens.GetAsync());

        (await tokens.GetAsync()).ShouldBe("t");
    }

    [Fact]
    public async Task Join_KeyGoesIntoItsHeaderOnly()
    {
        await using var server = await FaultyServer.StartAsync();
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        await Should.ThrowAsync<ApiException>(() => client.JoinAsync("ABCD-EFGH-JKLM-NPQR", Join));

        var seen = server.Seen.Single();
        seen.Headers["X-Join-Key"].ShouldBe("ABCD-EFGH-JKLM-NPQR");
        (seen.Path + seen.Body).ShouldNotContain("ABCD");
    }

    [Fact]
    public async Task Proof_AndEnrolmentToken_AreBearersOfTheirOwnCall()
    {
        await using var server = await FaultyServer.StartAsync();
        using var provider = ProviderClient.Create(server.Url, server.Trust.Provider());
        await using var tenantServer = await FaultyServer.StartAsync(authority: new TestAuthority(tenant: "acme"));
        using var tenant = TenantClient.Create(tenantServer.Url, tenantServer.Trust.Tenant("acme.iot.example"));
        provider.UseToken("access");

        await Should.ThrowAsync<ApiException>(() => provider.GetJoinStatusAsync("acme", "proof"));
        await Should.ThrowAsync<ApiException>(() => tenant.EnrollAsync("pump-1", "token", new EnrollRequest { Csr = "c" }));

        server.Seen.Single().Authorization.ShouldBe("Bearer proof");
        tenantServer.Seen.Single().Authorization.ShouldBe("Bearer token");
    }

    [Fact]
    public async Task Body_IsSnakeCaseJson()
    {
        await using var server = await FaultyServer.StartAsync();
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        await Should.ThrowAsync<ApiException>(() => client.JoinAsync("k", Join));

        server.Seen.Single().Body.ShouldBe("{\"sub_ca_csr\":\"a\",\"mqtt_bridge_csr\":\"b\"}");
        server.Seen.Single().Headers["Content-Type"].ShouldBe("application/json");
    }

    [Fact]
    public void ProofAudiences_AreTheUrlsThatAreCalled()
    {
        using var authority = new TestAuthority();
        using var client = ProviderClient.Create(new Uri("https://provider.example:9443/base"), RootTrust.FromCertificate(authority.Root).Provider());

        client.ConfirmUrl("acme").ToString().ShouldBe("https://provider.example:9443/base/portal/admin/tenants/acme/join-confirm");
        client.JoinStatusUrl("acme").ToString().ShouldBe("https://provider.example:9443/base/portal/admin/tenants/acme/join-status");
        client.RotateUrl("acme").ToString().ShouldBe("https://provider.example:9443/base/portal/admin/tenants/acme/sub-ca/rotate");
        client.RetireUrl("acme").ToString().ShouldBe("https://provider.example:9443/base/portal/admin/tenants/acme/sub-ca/retire");
    }

    private static Task ProviderCall(ProviderClient client, string call) => call switch
    {
        "prepare" => client.PrepareTenantAsync(new PrepareTenantRequest { TenantId = "acme", DisplayName = "Acme" }),
        "list" => client.ListTenantsAsync("c/1", 5),
        "show" => client.GetTenantAsync("acme"),
        "replace-key" => client.ReplaceJoinKeyAsync("acme"),
        "revoke-key" => client.RevokeJoinKeyAsync("acme"),
        "remove" => client.RemoveTenantAsync("acme"),
        "join" => client.JoinAsync("k", Join),
        "confirm" => client.ConfirmJoinAsync("acme", new JoinConfirmation { Proof = "p" }),
        "request" => client.RequestJoinAsync("acme", Join),
        "approve" => client.ApproveJoinRequestAsync("acme"),
        "reject" => client.RejectJoinRequestAsync("acme", "why"),
        "status" => client.GetJoinStatusAsync("acme", "p"),
        "rotate" => client.RotateSubCaAsync("acme", new RotateSubCaRequest { SubCaCsr = "c", Proof = "p" }),
        "retire" => client.RetireOtherSubCasAsync("acme", new JoinConfirmation { Proof = "p" }),
        "bridge" => client.RenewBridgeAsync("acme", new RenewBridgeRequest { MqttBridgeCsr = "c" }),
        "certificates" => client.ListCertificatesAsync(new CertificateFilter { Text = "pump", Revoked = true, ExpiringBefore = Day.AddDays(1), ExpiringAfter = Day }, limit: 3),
        "certificates of" => client.ListCertificatesAsync(new CertificateFilter { Name = "pump", Issuer = "I 1", Provisioner = "builds", Endpoint = 7, State = "on-hold" }),
        "certificates exported" => client.ExportCertificatesAsync(new CertificateFilter { State = "valid" }, "json", Stream.Null),
        "endpoints" => client.ListEndpointsAsync(new EndpointFilter { Name = "pump", Provisioner = "builds", Profile = "leaf", Active = true, Expiring = false }, "9", 3),
        "certificate" => client.GetCertificateAsync("123"),
        "revoke" => client.RevokeCertificateAsync("123", new RevokeRequest()),
        "hold" => client.HoldCertificateAsync("123", new HoldRequest()),
        "release" => client.ReleaseCertificateAsync("123", new HoldRequest()),
        "audit" => client.ListAuditAsync("7"),
        "verify" => client.VerifyAuditAsync(),
        "link" => client.SignInLinkAsync("ada"),
        _ => throw new ArgumentOutOfRangeException(nameof(call)),
    };

    private static Task TenantCall(TenantClient client, string call) => call switch
    {
        "token" => client.CreateTokenAsync(new CreateEnrollmentTokenRequest()),
        "tokens" => client.ListTokensAsync(),
        "revoke-token" => client.RevokeTokenAsync(Token),
        "devices" => client.ListDevicesAsync(limit: 9),
        "device" => client.GetDeviceAsync("pump-1"),
        "revoke" => client.RevokeDeviceAsync("pump-1", new RevokeRequest()),
        "hold" => client.HoldDeviceAsync("pump-1", new HoldRequest()),
        "release" => client.ReleaseDeviceAsync("pump-1", new HoldRequest()),
        "rotate" => client.RotateSubCaAsync(),
        "enroll" => client.EnrollAsync("pump-1", "t", new EnrollRequest { Csr = "c" }),
        "renew" => client.RenewAsync("pump-1", new RenewRequest()),
        _ => throw new ArgumentOutOfRangeException(nameof(call)),
    };
}
