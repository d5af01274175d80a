using System.Net;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Identity;
using IoTPlatform.Pki.Files;
using IoTPlatform.Provider.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Provider.Tests.Tenants;

public sealed class PrepareTenantTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task Prepare_NewTenant_AnswersAKeyForSevenDays()
    {
        var prepared = await _provider.PrepareAsync("acme");

        prepared.TenantId.ShouldBe("acme");
        prepared.DisplayName.ShouldBe("Acme");
        prepared.JoinKey.ShouldMatch("^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$");
        prepared.ExpiresAt.ShouldBe(_provider.Time.GetUtcNow() + TimeSpan.FromDays(7), TimeSpan.FromMilliseconds(1));
        prepared.Hint.ShouldContain($"PROVIDER_URL={_provider.Url.AbsoluteUri.TrimEnd('/')}");
        prepared.Hint.ShouldNotContain(prepared.JoinKey);
        (await _provider.AuditedAsync("tenant.prepared", "acme")).ShouldBe(1);
        (await _provider.ShowAsync("acme")).Status.ShouldBe(TenantStatus.Prepared);
    }

    [SkippableFact]
    public async Task Prepare_TenantThatExists_IsAConflictAndItsKeyStays()
    {
        using var tenant = new TestTenant();
        var prepared = await _provider.PrepareAsync("taken");

        (await _provider.TryPrepareAsync("taken", "Another name")).ShouldBe(HttpStatusCode.Conflict, "tenant_exists");

        (await _provider.ShowAsync("taken")).DisplayName.ShouldBe("Acme");
        (await _provider.TryJoinAsync(prepared.JoinKey, tenant)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("-acme")]
    [InlineData("acme-")]
    [InlineData("Acme")]
    [InlineData("ac_me")]
    [InlineData("ac.me")]
    [InlineData("acme\n")]
    [InlineData("acme:admin")]
    [InlineData("../acme")]
    [InlineData("acme' OR '1'='1")]
    [InlineData("äcme")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task Prepare_BadTenantId_IsRefused(string tenantId) =>
        (await _provider.TryPrepareAsync(tenantId)).ShouldBe(HttpStatusCode.BadRequest, "tenant_id_invalid");

    [SkippableFact]
    public async Task Prepare_ThePlatformsOwnName_IsRefused() =>
        (await _provider.TryPrepareAsync("platform")).ShouldBe(HttpStatusCode.BadRequest, "tenant_id_reserved");

    [SkippableFact]
    public async Task Prepare_LongestTenantId_JoinsWithNamesThatFit()
    {
        using var tenant = new TestTenant();
        var tenantId = new string('a', 63);

        var bundle = await _provider.JoinAsync((await _provider.PrepareAsync(tenantId)).JoinKey, tenant);

        Pem.ParseCertificate(bundle.MqttBridgeCert).Subject.Length.ShouldBe("CN=".Length + 64);
        Pem.ParseCertificate(bundle.SignedCert).Subject.Length.ShouldBe("CN=".Length + 64);
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("Acme\u0007")]
    public async Task Prepare_BadDisplayName_IsRefused(string name) =>
        (await _provider.TryPrepareAsync("named", name)).ShouldBe(HttpStatusCode.BadRequest, "invalid_request");

    [SkippableTheory]
    [InlineData("not a domain", "invalid_request")]
    [InlineData("*.acme.example", "invalid_request")]
    [InlineData("192.0.2.1", "invalid_request")]
    [InlineData("provider.iot.example", "dns_domain_reserved")]
    [InlineData("x.provider.iot.example", "dns_domain_reserved")]
    [InlineData("iot.example", "dns_domain_reserved")]
    [InlineData("example", "dns_domain_reserved")]
    [InlineData("gerät.example", "invalid_request")]
    public async Task Prepare_BadDomain_IsRefused(string domain, string code) =>
        (await _provider.TryPrepareAsync("domains", "Acme", domain)).ShouldBe(HttpStatusCode.BadRequest, code);

    [SkippableFact]
    public async Task Prepare_WithoutSession_IsRefused() =>
        (await _provider.Anonymous().PostJsonAsync("portal/admin/tenants/prepare", """{"tenant_id":"anonymous","display_name":"x"}""")).Status.ShouldBe(HttpStatusCode.Unauthorized);

    [SkippableTheory]
    [InlineData(Roles.Viewer)]
    [InlineData(Roles.Operator)]
    public async Task Prepare_LesserRole_MayLookButNotTouch(string role)
    {
        var caller = _provider.As(role, role);
        await _provider.PrepareAsync("watched-by-" + role);

        (await caller.PostJsonAsync("portal/admin/tenants/prepare", """{"tenant_id":"lesser","display_name":"x"}""")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await caller.PostAsync($"portal/admin/tenants/watched-by-{role}/join-key")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await caller.DeleteAsync($"portal/admin/tenants/watched-by-{role}")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await caller.GetAsync("portal/admin/tenants")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Prepare_AuditRefused_PreparesNothing()
    {
        await using (await RecordTrap.OnAsync(_provider.Database, "audit.entries", "NEW.action = 'tenant.prepared'"))
        {
            ((int)(await _provider.TryPrepareAsync("unaudited")).Status).ShouldBeGreaterThanOrEqualTo(500);
        }

        (await (await _provider.AdminAsync()).GetAsync("portal/admin/tenants/unaudited")).Status.ShouldBe(HttpStatusCode.NotFound);
    }
}
