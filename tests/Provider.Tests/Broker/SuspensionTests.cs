using System.Net;
using IoTPlatform.Contracts;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using NSubstitute;
using NSubstitute.ExceptionExtensions;

namespace IoTPlatform.Provider.Tests.Broker;

public sealed class SuspensionTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    private IBrokerProvisioner Broker => _provider.Services.GetRequiredService<IBrokerProvisioner>();

    [SkippableFact]
    public async Task Suspend_ActiveTenant_ClosesTheBrokerAndResumeOpensItAgain()
    {
        await JoinedAsync("acme");

        (await SuspendAsync("acme")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await SuspendAsync("acme")).Status.ShouldBe(HttpStatusCode.NoContent);

        (await Broker.InspectAsync("acme", default)).ShouldNotBeNull().Suspended.ShouldBeTrue();
        var shown = await _provider.ShowAsync("acme");
        shown.SuspendedAt.ShouldNotBeNull();
        shown.SuspendedReason.ShouldBe("unpaid");

        var admin = await _provider.AdminAsync();
        (await admin.PostAsync("portal/admin/tenants/acme/resume")).Status.ShouldBe(HttpStatusCode.NoContent);

        (await Broker.InspectAsync("acme", default)).ShouldNotBeNull().Suspended.ShouldBeFalse();
        (await _provider.ShowAsync("acme")).SuspendedAt.ShouldBeNull();
        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE subject = 'acme' AND action IN ('tenant.suspended', 'tenant.resumed')")).ShouldBe(2);
    }

    [SkippableFact]
    public async Task Join_OfASuspendedTenant_OpensNothing()
    {
        var prepared = await _provider.PrepareAsync("early");
        (await SuspendAsync("early")).Status.ShouldBe(HttpStatusCode.NoContent);
        using var tenant = new TestTenant();

        await _provider.JoinAsync(prepared.JoinKey, tenant);

        (await Broker.InspectAsync("early", default)).ShouldNotBeNull().Suspended.ShouldBeTrue();
    }

    [SkippableFact]
    public async Task RevokeKey_OfAnUnconfirmedJoin_TakesTheBrokerAccessBack()
    {
        await JoinedAsync("leaked");
        var admin = await _provider.AdminAsync();

        (await admin.DeleteAsync("portal/admin/tenants/leaked/join-key")).Status.ShouldBe(HttpStatusCode.NoContent);
        _provider.Time.Advance(TimeSpan.FromSeconds(16));

        await Eventually.ShouldAsync(async () => (await Broker.InspectAsync("leaked", default)) is { Suspended: true });
    }

    [SkippableFact]
    public async Task Check_AfterAnAdminsHand_ShowsItAndRepairPutsItRight()
    {
        await JoinedAsync("drifted");
        await _provider.Database.ExecuteAsync("UPDATE provider.broker_logins SET may_retain = true WHERE name = 'drifted-mqtt-bridge'");
        var admin = await _provider.AdminAsync();

        (await admin.GetAsync("portal/admin/tenants/drifted/broker")).Read(ContractsJson.Default.BrokerCheck).Differences.Single().What.ShouldBe("permissions of drifted");
        (await admin.PostAsync("portal/admin/tenants/drifted/broker/repair")).Read(ContractsJson.Default.BrokerCheck).Differences.Count.ShouldBe(1);

        (await admin.GetAsync("portal/admin/tenants/drifted/broker")).Read(ContractsJson.Default.BrokerCheck).Differences.ShouldBeEmpty();
        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE subject = 'drifted' AND action = 'tenant.broker_repaired'")).ShouldBe(1);
    }

    [SkippableTheory]
    [InlineData("suspend", """{"reason":"x"}""")]
    [InlineData("resume", "{}")]
    [InlineData("broker/repair", "{}")]
    [InlineData("plan", """{"plan":"large"}""")]
    public async Task Any_UnknownTenant_Is404(string act, string body) =>
        (await (await _provider.AdminAsync()).PostJsonAsync($"portal/admin/tenants/nobody/{act}", body)).ShouldBe(HttpStatusCode.NotFound, "tenant_not_found");

    [SkippableTheory]
    [InlineData("""{"reason":""}""")]
    [InlineData("""{"reason":"a\u0007b"}""")]
    public async Task Suspend_BadReason_IsRefused(string body) =>
        (await (await _provider.AdminAsync()).PostJsonAsync("portal/admin/tenants/nobody/suspend", body)).ShouldBe(HttpStatusCode.BadRequest, "invalid_request");

    [SkippableFact]
    public async Task Suspend_BrokerIsDown_Answers503AndIsDoneLater()
    {
        var broker = Substitute.For<IBrokerProvisioner>();
        broker.InspectAsync("", default).ReturnsForAnyArgs(BridgeAccess.For("acme"));
        await using var provider = await RunningProvider.StartAsync(services => services.AddSingleton(broker));
        var prepared = await provider.PrepareAsync("acme");
        using var tenant = new TestTenant();
        await provider.JoinAsync(prepared.JoinKey, tenant);
        broker.EnsureTenantAsync(null!, default).ThrowsAsyncForAnyArgs(new DependencyDownException("broker", "The broker does not answer."));
        var admin = await provider.AdminAsync();

        var answer = await admin.PostJsonAsync("portal/admin/tenants/acme/suspend", """{"reason":"unpaid"}""");
        answer.ShouldBe(HttpStatusCode.ServiceUnavailable, "dependency_unavailable");
        answer.RetryAfter.ShouldNotBeNull();

        broker.ClearReceivedCalls();
        broker.EnsureTenantAsync(null!, default).ReturnsForAnyArgs(Task.CompletedTask);
        provider.Time.Advance(TimeSpan.FromSeconds(16));
        await Eventually.ShouldAsync(async () => await provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.tenants WHERE broker_due_at IS NOT NULL") == 0);
        await broker.Received().EnsureTenantAsync(Arg.Is<BrokerTenant>(t => t.Suspended), Arg.Any<CancellationToken>());
    }

    [SkippableFact]
    public async Task Prepare_BeforeTheJoin_MakesEverythingButTheWayIn()
    {
        await _provider.PrepareAsync("awaited");
        _provider.Time.Advance(TimeSpan.FromSeconds(16));

        await Eventually.ShouldAsync(async () => await _provider.Database.ScalarAsync<bool?>("SELECT suspended FROM provider.broker_namespaces WHERE tenant_id = 'awaited'") is true);
    }

    [SkippableFact]
    public async Task Join_RightAfterPrepare_LeavesNothingDueAtTheBroker()
    {
        await JoinedAsync("hasty");

        (await _provider.Database.ScalarAsync<bool>("SELECT broker_due_at IS NULL FROM provider.tenants WHERE tenant_id = 'hasty'")).ShouldBeTrue();
    }

    private async Task JoinedAsync(string tenantId)
    {
        var prepared = await _provider.PrepareAsync(tenantId);
        using var tenant = new TestTenant();
        await _provider.JoinAsync(prepared.JoinKey, tenant);
    }

    private async Task<Answer> SuspendAsync(string tenantId) =>
        await (await _provider.AdminAsync()).PostJsonAsync($"portal/admin/tenants/{tenantId}/suspend", """{"reason":"unpaid"}""");
}
