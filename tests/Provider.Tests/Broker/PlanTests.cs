using System.Net;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Provider.Tests.Broker;

public sealed class PlanTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task Change_JoinedTenant_HasItsLimitsAtTheBrokerAtOnce()
    {
        var prepared = await _provider.PrepareAsync("growing");
        using var tenant = new TestTenant();
        await _provider.JoinAsync(prepared.JoinKey, tenant);
        (await LimitsAsync("growing")).ShouldBe(TenantPlans.Default.LimitsOf("standard"));

        (await ChangeAsync("growing", "large")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await ChangeAsync("growing", "large")).Status.ShouldBe(HttpStatusCode.NoContent);

        (await LimitsAsync("growing")).ShouldBe(TenantPlans.Default.LimitsOf("large"));
        (await _provider.ShowAsync("growing")).Plan.ShouldBe("large");
        (await _provider.AuditedAsync("tenant.plan_changed", "growing")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Prepare_WithAPlan_JoinsWithItsLimits()
    {
        var admin = await _provider.AdminAsync();
        var answer = await admin.PostAsync(
            "portal/admin/tenants/prepare", new PrepareTenantRequest { TenantId = "tiny", DisplayName = "Tiny", Plan = "small" }, ContractsJson.Default.PrepareTenantRequest);
        using var tenant = new TestTenant();

        await _provider.JoinAsync(answer.Read(ContractsJson.Default.PreparedTenant).JoinKey, tenant);

        (await LimitsAsync("tiny")).ShouldBe(TenantPlans.Default.LimitsOf("small"));
    }

    [SkippableFact]
    public async Task Change_UnknownPlan_IsRefusedAndNothingChanges()
    {
        await _provider.PrepareAsync("modest");

        (await ChangeAsync("modest", "huge")).ShouldBe(HttpStatusCode.BadRequest, "plan_unknown");

        (await _provider.ShowAsync("modest")).Plan.ShouldBe("standard");
    }

    private async Task<BrokerLimits> LimitsAsync(string tenantId) =>
        (await _provider.Services.GetRequiredService<IBrokerProvisioner>().InspectAsync(tenantId, default)).ShouldNotBeNull().Limits;

    private async Task<Answer> ChangeAsync(string tenantId, string plan) =>
        await (await _provider.AdminAsync()).PostJsonAsync($"portal/admin/tenants/{tenantId}/plan", $$"""{"plan":"{{plan}}"}""");
}
