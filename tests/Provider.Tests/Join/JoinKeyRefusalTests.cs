using System.Net;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Join;

public sealed class JoinKeyRefusalTests : IClassFixture<ProviderFixture>, IDisposable
{
    private readonly RunningProvider _provider;
    private readonly TestTenant _tenant = new();

    public JoinKeyRefusalTests(ProviderFixture fixture)
    {
        _provider = fixture.Provider;
        // Whatever an earlier test was slowed down for is forgotten.
        _provider.Time.Leap(TimeSpan.FromHours(1));
    }

    [SkippableFact]
    public async Task Join_EveryReasonForRefusal_LooksTheSameFromOutside()
    {
        var before = await _provider.RefusedAsync("join.key_refused", "unknown");
        var unknown = await _provider.TryJoinAsync("0000-0000-0000-0000", _tenant);
        var garbage = await _provider.TryJoinAsync("' OR 1=1 --", _tenant);
        var missing = await _provider.Anonymous().PostAsync("portal/admin/join", _tenant.Request(), ContractsJson.Default.JoinRequest);
        var revoked = await _provider.TryJoinAsync(await RevokedKeyAsync("revoked"), _tenant);
        var expired = await _provider.TryJoinAsync(await ExpiredKeyAsync("expired"), _tenant);

        foreach (var answer in new[] { unknown, garbage, missing, revoked, expired })
        {
            answer.ShouldBe(HttpStatusCode.Unauthorized, "join_key_refused");
            answer.Body.ShouldBe(unknown.Body);
        }

        (await _provider.RefusedAsync("join.key_refused", "unknown")).ShouldBe(before + 3);
        (await _provider.RefusedAsync("join.key_refused", "revoked")).ShouldBe(1);
        (await _provider.RefusedAsync("join.key_refused", "expired")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Join_OneSecondBeforeExpiry_IsTaken()
    {
        var prepared = await _provider.PrepareAsync("in-time");
        prepared.ExpiresAt.ShouldBe(_provider.Time.GetUtcNow() + TimeSpan.FromDays(7), TimeSpan.FromMilliseconds(1));
        _provider.Time.Leap(TimeSpan.FromDays(7) - TimeSpan.FromSeconds(1));

        (await _provider.TryJoinAsync(prepared.JoinKey, _tenant)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Join_BoundInTimeAndExpiredSince_HolderMayFinish()
    {
        var prepared = await _provider.PrepareAsync("bound-in-time");
        await _provider.JoinAsync(prepared.JoinKey, _tenant);
        _provider.Time.Leap(TimeSpan.FromDays(8));

        (await _provider.TryJoinAsync(prepared.JoinKey, _tenant)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Join_ReplacedKey_OnlyTheNewOneOpens()
    {
        var old = await _provider.PrepareAsync("replaced");
        var admin = await _provider.AdminAsync();
        var replacement = (await admin.PostAsync("portal/admin/tenants/replaced/join-key")).Read(ContractsJson.Default.PreparedTenant);

        (await _provider.TryJoinAsync(old.JoinKey, _tenant)).ShouldBe(HttpStatusCode.Unauthorized, "join_key_refused");
        (await _provider.TryJoinAsync(replacement.JoinKey, _tenant)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Join_KeyReplacedAfterBinding_FirstStackIsLockedOutAndItsCertificatesRevoked()
    {
        using var other = new TestTenant();
        var old = await _provider.PrepareAsync("taken-back");
        await _provider.JoinAsync(old.JoinKey, _tenant);
        var admin = await _provider.AdminAsync();

        var replacement = (await admin.PostAsync("portal/admin/tenants/taken-back/join-key")).Read(ContractsJson.Default.PreparedTenant);

        (await _provider.CertificatesAsync("taken-back", "tenant-sub-ca", valid: true)).ShouldBe(0);
        (await _provider.CertificatesAsync("taken-back", "mqtt-bridge", valid: true)).ShouldBe(0);
        (await _provider.TryJoinAsync(old.JoinKey, _tenant)).ShouldBe(HttpStatusCode.Unauthorized, "join_key_refused");
        (await _provider.TryConfirmAsync("taken-back", _tenant)).ShouldBe(HttpStatusCode.Unauthorized, "proof_refused");
        await _provider.JoinAsync(replacement.JoinKey, other);
        (await _provider.TryConfirmAsync("taken-back", other)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await _provider.CertificatesAsync("taken-back", "tenant-sub-ca", valid: true)).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Revoke_BoundKey_TakesTheJoinBack()
    {
        var prepared = await _provider.PrepareAsync("revoked-bound");
        await _provider.JoinAsync(prepared.JoinKey, _tenant);

        (await (await _provider.AdminAsync()).DeleteAsync("portal/admin/tenants/revoked-bound/join-key")).Status.ShouldBe(HttpStatusCode.NoContent);

        var detail = await _provider.ShowAsync("revoked-bound");
        detail.Status.ShouldBe(TenantStatus.Prepared);
        detail.SubCaSerials.ShouldBeEmpty();
        detail.BridgeSerial.ShouldBeNull();
        detail.JoinKeyExpiresAt.ShouldBeNull();
    }

    [SkippableFact]
    public async Task Revoke_Twice_ChangesNothingMore()
    {
        await _provider.PrepareAsync("twice");
        var admin = await _provider.AdminAsync();
        await admin.DeleteAsync("portal/admin/tenants/twice/join-key");

        (await admin.DeleteAsync("portal/admin/tenants/twice/join-key")).Status.ShouldBe(HttpStatusCode.NoContent);

        (await _provider.AuditedAsync("join.key_revoked", "twice")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Join_OtherSubCaKey_IsAConflictAndIsAudited()
    {
        using var thief = new TestTenant();
        var prepared = await _provider.PrepareAsync("stolen");
        await _provider.JoinAsync(prepared.JoinKey, _tenant);

        (await _provider.TryJoinAsync(prepared.JoinKey, thief)).ShouldBe(HttpStatusCode.Conflict, "join_key_bound");

        (await _provider.RefusedAsync("join.key_conflict", "stolen")).ShouldBe(1);
        (await _provider.CertificatesAsync("stolen", "tenant-sub-ca", valid: true)).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Join_SpentKey_IsRefusedAndAudited()
    {
        var prepared = await _provider.PrepareAsync("spent");
        await _provider.JoinAsync(prepared.JoinKey, _tenant);
        (await _provider.TryConfirmAsync("spent", _tenant)).Status.ShouldBe(HttpStatusCode.NoContent);

        (await _provider.TryJoinAsync(prepared.JoinKey, _tenant)).ShouldBe(HttpStatusCode.Unauthorized, "join_key_refused");

        (await _provider.RefusedAsync("join.key_reused", "spent")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Join_GuessedInALoop_IsSlowedDownAndAValidKeyStillOpens()
    {
        var prepared = await _provider.PrepareAsync("guessed");
        var before = await _provider.RefusedAsync("join.key_refused", "unknown");
        var entries = await _provider.AuditedAsync("join.key_refused", "unknown");
        var answers = await Task.WhenAll(Enumerable.Range(0, 120).Select(i => _provider.TryJoinAsync($"0000-0000-0000-{i:0000}", _tenant)));

        answers.Count(a => a.Status == HttpStatusCode.Unauthorized).ShouldBe(10);
        answers.Where(a => a.Status != HttpStatusCode.Unauthorized).ShouldAllBe(a => a.Status == HttpStatusCode.TooManyRequests && a.RetryAfter != null);
        (await _provider.RefusedAsync("join.key_refused", "unknown")).ShouldBe(before + 10);
        (await _provider.AuditedAsync("join.key_refused", "unknown")).ShouldBe(entries + 2);
        (await _provider.TryJoinAsync(prepared.JoinKey, _tenant)).Status.ShouldBe(HttpStatusCode.OK);
    }

    public void Dispose() => _tenant.Dispose();

    private async Task<string> RevokedKeyAsync(string tenantId)
    {
        var prepared = await _provider.PrepareAsync(tenantId);
        await (await _provider.AdminAsync()).DeleteAsync($"portal/admin/tenants/{tenantId}/join-key");
        return prepared.JoinKey;
    }

    private async Task<string> ExpiredKeyAsync(string tenantId)
    {
        var prepared = await _provider.PrepareAsync(tenantId);
        _provider.Time.Leap(TimeSpan.FromDays(7));
        return prepared.JoinKey;
    }
}
