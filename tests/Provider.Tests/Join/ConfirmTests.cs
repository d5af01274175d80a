using System.Net;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Proofs;
using IoTPlatform.Provider.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Provider.Tests.Join;

public sealed class ConfirmTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task Confirm_Joined_MakesTheTenantActive()
    {
        using var tenant = new TestTenant();
        await _provider.ActivateAsync("active", tenant);

        (await _provider.ShowAsync("active")).Status.ShouldBe(TenantStatus.Active);
        (await _provider.ShowAsync("active")).JoinKeyExpiresAt.ShouldBeNull();
        (await _provider.AuditedAsync("join.confirmed", "active")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Confirm_Again_ChangesNothingMore()
    {
        using var tenant = new TestTenant();
        await _provider.ActivateAsync("twice", tenant);

        (await _provider.TryConfirmAsync("twice", tenant)).Status.ShouldBe(HttpStatusCode.NoContent);

        (await _provider.AuditedAsync("join.confirmed", "twice")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Confirm_ProofOfAnotherKey_IsRefused()
    {
        using var tenant = new TestTenant();
        using var stranger = new TestTenant();
        await _provider.JoinAsync((await _provider.PrepareAsync("stranger")).JoinKey, tenant);

        (await _provider.TryConfirmAsync("stranger", stranger)).ShouldBe(HttpStatusCode.Unauthorized, "proof_refused");

        (await _provider.ShowAsync("stranger")).Status.ShouldBe(TenantStatus.Joined);
    }

    [SkippableFact]
    public async Task Confirm_UnknownTenant_LooksLikeAWrongProof()
    {
        using var tenant = new TestTenant();
        await _provider.JoinAsync((await _provider.PrepareAsync("known")).JoinKey, tenant);
        using var stranger = new TestTenant();

        (await _provider.TryConfirmAsync("unknown", tenant)).Body.ShouldBe((await _provider.TryConfirmAsync("known", stranger)).Body);
    }

    [SkippableFact]
    public async Task Confirm_ProofForAnotherUrlTenantOrTime_IsRefused()
    {
        using var tenant = new TestTenant();
        await _provider.JoinAsync((await _provider.PrepareAsync("replayed")).JoinKey, tenant);
        const string Path = "portal/admin/tenants/replayed/join-confirm";
        var otherUrl = tenant.Proof("replayed", _provider.At("portal/admin/tenants/replayed/join-status"), _provider.Time);
        var otherHost = tenant.Proof("replayed", new Uri("https://provider.elsewhere.example/" + Path), _provider.Time);
        var otherTenant = tenant.Proof("replayed2", _provider.At(Path), _provider.Time);
        var old = tenant.Proof("replayed", _provider.At(Path), _provider.Time);

        foreach (var proof in new[] { otherUrl, otherHost, otherTenant, "", "a.b.c", new string('x', 10_000) })
        {
            (await ConfirmAsync(Path, proof)).ShouldBe(HttpStatusCode.Unauthorized, "proof_refused");
        }

        _provider.Time.Advance(TimeSpan.FromMinutes(10));
        (await ConfirmAsync(Path, old)).ShouldBe(HttpStatusCode.Unauthorized, "proof_refused");
    }

    [SkippableFact]
    public async Task Confirm_HostHeaderOfTheForeignProof_DoesNotMakeItGood()
    {
        using var tenant = new TestTenant();
        await _provider.JoinAsync((await _provider.PrepareAsync("forged-host")).JoinKey, tenant);
        const string Path = "portal/admin/tenants/forged-host/join-confirm";
        var proof = tenant.Proof("forged-host", new Uri("https://provider.elsewhere.example/" + Path), _provider.Time);
        var context = new DefaultHttpContext { Request = { Scheme = "https", Host = new HostString("provider.elsewhere.example"), Path = "/" + Path } };

        (await Should.ThrowAsync<ProblemException>(() => _provider.Services.GetRequiredService<TenantProofs>().RequireAsync(
            proof, "forged-host", context.Request, [tenant.SubCa.SubjectPublicKeyInfo], CancellationToken.None))).Code.ShouldBe("proof_refused");
    }

    [SkippableFact]
    public async Task Confirm_ProofForAnyOfTheHostsNames_IsTaken()
    {
        using var tenant = new TestTenant();
        await _provider.JoinAsync((await _provider.PrepareAsync("by-address")).JoinKey, tenant);
        var url = new UriBuilder(_provider.At("portal/admin/tenants/by-address/join-confirm")) { Host = "127.0.0.1" }.Uri;
        using var caller = new ApiCaller(new Uri(url, "/"), _provider.Root);

        (await caller.PostAsync(url.AbsolutePath, new JoinConfirmation { Proof = tenant.Proof("by-address", url, _provider.Time) }, ContractsJson.Default.JoinConfirmation))
            .Status.ShouldBe(HttpStatusCode.NoContent);
    }

    [SkippableFact]
    public async Task Join_ActiveTenantWithANewKey_KeepsTheOldCertificatesUntilTheNewJoinIsConfirmed()
    {
        using var old = new TestTenant();
        using var fresh = new TestTenant();
        await _provider.ActivateAsync("rejoined", old);
        var admin = await _provider.AdminAsync();
        var key = (await admin.PostAsync("portal/admin/tenants/rejoined/join-key")).Read(ContractsJson.Default.PreparedTenant).JoinKey;
        (await _provider.ShowAsync("rejoined")).Status.ShouldBe(TenantStatus.Active);

        await _provider.JoinAsync(key, fresh);
        (await _provider.CertificatesAsync("rejoined", "tenant-sub-ca", valid: true)).ShouldBe(2);
        (await _provider.TryConfirmAsync("rejoined", fresh)).Status.ShouldBe(HttpStatusCode.NoContent);

        (await _provider.CertificatesAsync("rejoined", "tenant-sub-ca", valid: true)).ShouldBe(1);
        (await _provider.CertificatesAsync("rejoined", "mqtt-bridge", valid: true)).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Revoke_KeyOfARejoin_FallsBackToTheConfirmedJoin()
    {
        using var old = new TestTenant();
        using var fresh = new TestTenant();
        await _provider.ActivateAsync("fallback", old);
        var admin = await _provider.AdminAsync();
        var key = (await admin.PostAsync("portal/admin/tenants/fallback/join-key")).Read(ContractsJson.Default.PreparedTenant).JoinKey;
        await _provider.JoinAsync(key, fresh);

        (await admin.DeleteAsync("portal/admin/tenants/fallback/join-key")).Status.ShouldBe(HttpStatusCode.NoContent);

        (await _provider.ShowAsync("fallback")).Status.ShouldBe(TenantStatus.Active);
        (await _provider.TryConfirmAsync("fallback", old)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await _provider.TryConfirmAsync("fallback", fresh)).ShouldBe(HttpStatusCode.Unauthorized, "proof_refused");
        (await _provider.CertificatesAsync("fallback", "tenant-sub-ca", valid: true)).ShouldBe(1);
    }

    private Task<Answer> ConfirmAsync(string path, string proof) =>
        _provider.Anonymous().PostAsync(path, new JoinConfirmation { Proof = proof }, ContractsJson.Default.JoinConfirmation);
}
