using System.Net;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Workflow;

/// <summary>The effect of a step is made, its record is not.</summary>
public sealed class JoinInterruptedTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableTheory]
    [InlineData("sign-sub-ca")]
    [InlineData("broker")]
    [InlineData("sign-bridge")]
    [InlineData("federation")]
    public async Task Join_StepDoneButNotRecorded_RetryCompletesAndNothingExistsTwice(string step)
    {
        using var tenant = new TestTenant();
        var prepared = await _provider.PrepareAsync("at-" + step);
        await using (await RecordTrap.OnAsync(_provider.Database, "provider.join_steps", $"NEW.step = '{step}' AND NEW.completed_at IS NOT NULL"))
        {
            var interrupted = await _provider.TryJoinAsync(prepared.JoinKey, tenant);
            interrupted.ShouldBe(HttpStatusCode.ServiceUnavailable, "dependency_unavailable");
            interrupted.RetryAfter.ShouldNotBeNull();
        }

        await _provider.JoinAsync(prepared.JoinKey, tenant);

        await AssertOnceAsync("at-" + step, tenant);
    }

    [SkippableFact]
    public async Task Join_AllStepsDoneButEndNotRecorded_RetryCompletesAndNothingExistsTwice()
    {
        using var tenant = new TestTenant();
        var prepared = await _provider.PrepareAsync("at-the-end");
        await using (await RecordTrap.OnAsync(_provider.Database, "provider.tenants", "NEW.status = 'joined'"))
        {
            (await _provider.TryJoinAsync(prepared.JoinKey, tenant)).ShouldBe(HttpStatusCode.ServiceUnavailable, "dependency_unavailable");
        }

        await _provider.JoinAsync(prepared.JoinKey, tenant);

        await AssertOnceAsync("at-the-end", tenant);
        (await _provider.AuditedAsync("tenant.joined", "at-the-end")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Join_BindingNotCommitted_KeyIsStillFree()
    {
        using var first = new TestTenant();
        using var second = new TestTenant();
        var prepared = await _provider.PrepareAsync("unbound");
        await using (await RecordTrap.OnAsync(_provider.Database, "provider.tenants", "NEW.status = 'joining'"))
        {
            ((int)(await _provider.TryJoinAsync(prepared.JoinKey, first)).Status).ShouldBeGreaterThanOrEqualTo(500);
        }

        await _provider.JoinAsync(prepared.JoinKey, second);

        await AssertOnceAsync("unbound", second);
    }

    [SkippableFact]
    public async Task Confirm_NotCommitted_CanBeConfirmedAgain()
    {
        using var tenant = new TestTenant();
        await _provider.JoinAsync((await _provider.PrepareAsync("unconfirmed")).JoinKey, tenant);
        await using (await RecordTrap.OnAsync(_provider.Database, "provider.tenants", "NEW.status = 'active'"))
        {
            ((int)(await _provider.TryConfirmAsync("unconfirmed", tenant)).Status).ShouldBeGreaterThanOrEqualTo(500);
        }

        (await _provider.TryConfirmAsync("unconfirmed", tenant)).Status.ShouldBe(HttpStatusCode.NoContent);

        (await _provider.ShowAsync("unconfirmed")).Status.ShouldBe(TenantStatus.Active);
        (await _provider.CertificatesAsync("unconfirmed", "tenant-sub-ca", valid: true)).ShouldBe(1);
    }

    private async Task AssertOnceAsync(string tenantId, TestTenant tenant)
    {
        (await _provider.CertificatesAsync(tenantId, "tenant-sub-ca", valid: false)).ShouldBe(1);
        (await _provider.CertificatesAsync(tenantId, "mqtt-bridge", valid: false)).ShouldBe(1);
        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.broker_logins WHERE namespace = $1", tenantId)).ShouldBe(1);
        (await _provider.RedirectUriAsync(tenantId)).ShouldNotBeNull();
        (await _provider.TryConfirmAsync(tenantId, tenant)).Status.ShouldBe(HttpStatusCode.NoContent);
        var detail = await _provider.ShowAsync(tenantId);
        detail.Steps.Select(s => s.Step).ShouldBe(["sign-sub-ca", "broker", "sign-bridge", "federation"]);
        detail.Steps.ShouldAllBe(s => s.CompletedAt != null && s.LastError == null);
    }
}
