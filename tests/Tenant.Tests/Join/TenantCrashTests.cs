using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.Join;

/// <summary>A first boot that dies anywhere. It takes long, so it runs beside the other tests of the first boot.</summary>
public sealed class TenantCrashTests
{
    [SkippableFact]
    public async Task Boot_CrashAtEveryBoundary_NextBootCompletesAndNothingExistsTwice()
    {
        for (var boundary = 0; ; boundary++)
        {
            await using var one = await TestTenant.CreateAsync();
            try
            {
                await one.BootAsync(new CrashingProgress(boundary));
                boundary.ShouldBe(20);
                return;
            }
            catch (SimulatedCrashException)
            {
                await one.BootAsync();
                one.Provider.Status.ShouldBe(TenantStatus.Active);
                (await one.Database.ScalarAsync<long>("SELECT count(*) FROM tenant.identity WHERE confirmed_at IS NOT NULL")).ShouldBe(1);
            }
        }
    }
}
