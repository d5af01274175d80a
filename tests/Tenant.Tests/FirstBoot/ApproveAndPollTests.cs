using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.FirstBoot;

/// <summary>The older way in: no key, an admin decides.</summary>
public sealed class ApproveAndPollTests : IAsyncLifetime
{
    private readonly FakeTime time = new(TimeProvider.System.GetUtcNow());
    private TestTenant tenant = null!;

    public async Task InitializeAsync()
    {
        tenant = await TestTenant.CreateAsync();
        tenant.JoinKey = null;
        tenant.TenantId = "acme";
    }

    public async Task DisposeAsync() => await tenant.DisposeAsync();

    [SkippableFact]
    public async Task Boot_Approved_Joins()
    {
        var progress = new RecordingProgress();
        var boot = tenant.BootAsync(progress, time);
        await progress.WaitedAsync(boot);
        tenant.Provider.Status.ShouldBe(TenantStatus.Requested);

        tenant.Provider.Status = TenantStatus.Joined;
        await time.SkipPauseAsync(boot, progress);
        await time.RunAsync(boot, progress);

        tenant.Provider.Status.ShouldBe(TenantStatus.Active);
        tenant.Provider.Calls.Count(c => c == "POST /portal/admin/join-request/acme").ShouldBe(1);
    }

    [SkippableFact]
    public async Task Boot_Rejected_EndsWithTheReason()
    {
        var progress = new RecordingProgress();
        var boot = tenant.BootAsync(progress, time);
        await progress.WaitedAsync(boot);

        tenant.Provider.Status = TenantStatus.Rejected;

        await time.SkipPauseAsync(boot, progress);
        (await Should.ThrowAsync<StartupException>(boot)).Message.ShouldContain("not our customer");
    }

    [SkippableFact]
    public async Task Boot_StoppedWhileUndecided_NextBootPollsTheSameRequest()
    {
        using var stop = new CancellationTokenSource();
        var progress = new RecordingProgress();
        var boot = tenant.BootAsync(progress, time, stop.Token);
        await progress.WaitedAsync(boot);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(boot);

        tenant.Provider.Status = TenantStatus.Joined;
        await tenant.BootAsync();

        tenant.Provider.Status.ShouldBe(TenantStatus.Active);
    }
}
