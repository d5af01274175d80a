using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.FirstBoot;

/// <summary>JOIN without a key: an admin decides.</summary>
public sealed class ApproveAndPollTests : IAsyncLifetime
{
    private readonly FakeTime _time = new(TimeProvider.System.GetUtcNow());
    private TestTenant _tenant = null!;

    public async Task InitializeAsync()
    {
        _tenant = await TestTenant.CreateAsync();
        _tenant.JoinKey = null;
        _tenant.TenantId = "acme";
    }

    public async Task DisposeAsync() => await _tenant.DisposeAsync();

    [SkippableFact]
    public async Task Boot_Approved_Joins()
    {
        var progress = new RecordingProgress();
        var boot = _tenant.BootAsync(progress, _time);
        await progress.WaitedAsync(boot);
        _tenant.Provider.Status.ShouldBe(TenantStatus.Requested);

        _tenant.Provider.Status = TenantStatus.Joined;
        await _time.SkipWaitAsync(boot, progress);
        await _time.RunAsync(boot, progress);

        _tenant.Provider.Status.ShouldBe(TenantStatus.Active);
        _tenant.Provider.Calls.Count(c => c == "POST /portal/admin/join-request/acme").ShouldBe(1);
    }

    [SkippableFact]
    public async Task Boot_Rejected_EndsWithTheReason()
    {
        var progress = new RecordingProgress();
        var boot = _tenant.BootAsync(progress, _time);
        await progress.WaitedAsync(boot);

        _tenant.Provider.Status = TenantStatus.Rejected;

        await _time.SkipWaitAsync(boot, progress);
        (await Should.ThrowAsync<StartupException>(boot)).Message.ShouldContain("not our customer");
    }

    [SkippableFact]
    public async Task Boot_StoppedWhileUndecided_NextBootPollsTheSameRequest()
    {
        using var stop = new CancellationTokenSource();
        var progress = new RecordingProgress();
        var boot = _tenant.BootAsync(progress, _time, stop.Token);
        await progress.WaitedAsync(boot);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(boot);

        _tenant.Provider.Status = TenantStatus.Joined;
        await _tenant.BootAsync();

        _tenant.Provider.Status.ShouldBe(TenantStatus.Active);
    }
}
