using System.Globalization;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Faults;

public sealed class ProviderFaultTests
{
    [SkippableFact]
    public async Task Start_DiskFull_SaysSoAndStartsOnceThereIsRoom()
    {
        await using var provider = ProviderStack.WithPrivateDatabase();
        await using var disk = await SmallDisk.MountAsync(provider.Data, megabytes: 256);
        disk.Fill();
        provider.Launch();
        (await provider.Process.WaitForLineAsync("error: ")).ShouldContain("the disk is full");
        (await provider.Process.WaitForExitAsync()).ShouldBe(1);
        provider.Process.Output.ShouldNotContain("   at ");
        await provider.Process.DisposeAsync();

        disk.Free();
        await provider.StartProcessAsync();

        (await provider.PrepareAsync("acme")).JoinKey.ShouldNotBeNullOrEmpty();
        provider.Process.Terminate();
        await provider.Process.WaitForExitAsync();
    }

    [SkippableFact]
    public async Task Start_DiskFullWithData_NamesTheDiskAndStartsOnceThereIsRoom()
    {
        await using var provider = ProviderStack.WithPrivateDatabase();
        await using var disk = await SmallDisk.MountAsync(provider.Data, megabytes: 256);
        await provider.StartProcessAsync();
        await provider.PrepareAsync("before");
        provider.Process.Terminate();
        await provider.Process.WaitForExitAsync();
        await provider.Process.DisposeAsync();
        disk.Fill();

        provider.Launch();

        var said = await provider.Process.WaitForLineAsync("error: ");
        said.ShouldContain("the disk is full");
        said.ShouldContain(provider.Data);
        (await provider.Process.WaitForExitAsync()).ShouldBe(1);
        provider.Process.Output.ShouldNotContain("   at ");
        await provider.Process.DisposeAsync();
        disk.Free();
        await provider.StartProcessAsync();
        (await provider.PrepareAsync("after")).JoinKey.ShouldNotBeNullOrEmpty();
        provider.Process.Terminate();
        await provider.Process.WaitForExitAsync();
    }

    [SkippableFact]
    public async Task Prepare_DiskTurnsReadOnly_503AndNamed()
    {
        await using var provider = ProviderStack.WithPrivateDatabase();
        await using var disk = await SmallDisk.MountLoopAsync(provider.Data, megabytes: 256);
        await provider.StartProcessAsync();
        using var admin = await provider.AdminAsync();

        await disk.FailAsync();

        for (var i = 0; i < 5; i++)
        {
            var refusal = await Should.ThrowAsync<ApiException>(() => admin.PrepareTenantAsync(new PrepareTenantRequest { TenantId = $"tenant-{i}", DisplayName = "x" }));
            refusal.Status.ShouldBe(503, provider.Process.Output);
        }

        await provider.KillAsync();
    }

    [SkippableFact]
    public async Task Prepare_DiskFillsUp_IsRefusedAndWorksOnceThereIsRoom()
    {
        await using var provider = ProviderStack.WithPrivateDatabase();
        await using var disk = await SmallDisk.MountAsync(provider.Data, megabytes: 256);
        await provider.StartProcessAsync();
        await provider.PrepareAsync("before");
        using var admin = await provider.AdminAsync();

        disk.Fill();
        var accepted = await PrepareUntilRefusedAsync(admin);
        disk.Free();

        await EventuallyAsync(provider, () => provider.PrepareAsync("after"));
        using var again = await provider.AdminAsync();
        var known = (await again.ListTenantsAsync(limit: 200)).Items.Select(tenant => tenant.TenantId).ToHashSet();
        known.ShouldContain("before");
        accepted.ShouldAllBe(tenant => known.Contains(tenant));
        (await again.VerifyAuditAsync()).Intact.ShouldBeTrue();
        provider.Process.Terminate();
        await provider.Process.WaitForExitAsync();
    }

    [SkippableFact]
    public async Task Prepare_DatabaseServerKilled_WorksAgainWithoutRestart()
    {
        await using var provider = ProviderStack.WithPrivateDatabase();
        await provider.StartProcessAsync();
        await provider.PrepareAsync("before");

        var postmaster = Directory.GetFiles(provider.Data, "postmaster.pid", SearchOption.AllDirectories).Single();
        using (var server = System.Diagnostics.Process.GetProcessById(int.Parse(File.ReadLines(postmaster).First(), CultureInfo.InvariantCulture)))
        {
            server.Kill();
        }

        await EventuallyAsync(provider, () => provider.PrepareAsync("after"));
        using var admin = await provider.AdminAsync();
        (await admin.ListTenantsAsync()).Items.Select(tenant => tenant.TenantId).ShouldBe(["before", "after"], ignoreOrder: true);
    }

    private static async Task<List<string>> PrepareUntilRefusedAsync(ProviderClient admin)
    {
        var accepted = new List<string>();
        for (var i = 0; i < 100_000; i++)
        {
            try
            {
                await admin.PrepareTenantAsync(new PrepareTenantRequest { TenantId = $"tenant-{i}", DisplayName = new string('x', 100) });
                accepted.Add($"tenant-{i}");
            }
            catch (ApiException refusal)
            {
                refusal.Status.ShouldBe(503, refusal.Message);
                return accepted;
            }
        }
        throw new InvalidOperationException("a full disk refused nothing");
    }

    private static async Task EventuallyAsync(ProviderStack provider, Func<Task> attempt)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await attempt();
                return;
            }
            catch (Exception refusal) when (refusal is ApiException { IsTransient: true } or UnreachableException)
            {
                provider.Process.HasExited.ShouldBeFalse(provider.Process.Output);
                TimeProvider.System.GetElapsedTime(deadline).ShouldBeLessThan(TimeSpan.FromSeconds(60), provider.Process.Output);
                await Task.Delay(200);
            }
        }
    }
}
