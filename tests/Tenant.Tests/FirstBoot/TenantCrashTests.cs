using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.FirstBoot;

/// <summary>A first boot that dies anywhere. It takes long, so it runs beside the other tests of the first boot, two boots at a time.</summary>
public sealed class TenantCrashTests
{
    private const int Boundaries = 20;

    [SkippableFact]
    public Task Boot_CrashAtEveryBoundary_NextBootCompletesAndNothingExistsTwice() =>
        Parallel.ForEachAsync(Enumerable.Range(0, Boundaries), new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (boundary, _) =>
        {
            await using var one = await TestTenant.CreateAsync();
            await Should.ThrowAsync<SimulatedCrashException>(one.BootAsync(new CrashingProgress(boundary)), $"at {boundary}");

            await one.BootAsync();

            one.Provider.Status.ShouldBe(TenantStatus.Active);
            (await one.Database.ScalarAsync<long>("SELECT count(*) FROM tenant.identity WHERE confirmed_at IS NOT NULL")).ShouldBe(1);
        });

    [SkippableFact]
    public async Task Boot_CrashAfterTheLastBoundary_DoesNotHappen()
    {
        await using var one = await TestTenant.CreateAsync();

        await one.BootAsync(new CrashingProgress(Boundaries));

        one.Provider.Status.ShouldBe(TenantStatus.Active);
    }
}
