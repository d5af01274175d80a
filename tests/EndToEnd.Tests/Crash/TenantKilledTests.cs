using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Stacks;

namespace IoTPlatform.EndToEnd.Tests.Crash;

public sealed class TenantKilledTests
{
    private const string Progress = "first-boot: ";

    /// <summary>Every boot is killed at the first progress line that no earlier boot was killed at, until one gets through.</summary>
    [SkippableFact]
    public async Task FirstBoot_KilledAtEveryStep_NextBootCompletes()
    {
        await using var provider = await ProviderStack.StartAsync();
        var prepared = await provider.PrepareAsync("acme");
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", prepared.JoinKey);
        var killedAt = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            var line = await tenant.Process.WaitForLineAsync(l => l.StartsWith("ready ", StringComparison.Ordinal) || (l.StartsWith(Progress, StringComparison.Ordinal) && !killedAt.Contains(l)));
            if (!line.StartsWith(Progress, StringComparison.Ordinal))
            {
                break;
            }

            killedAt.Add(line);
            await tenant.KillAsync();
            tenant.Launch();
        }

        killedAt.Count.ShouldBeGreaterThan(8);
        using var admin = await provider.AdminAsync();
        (await admin.GetTenantAsync("acme")).Status.ShouldBe(TenantStatus.Active);
        (await provider.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE profile = 'tenant-sub-ca'")).ShouldBe(1);
        (await provider.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE profile = 'mqtt-bridge'")).ShouldBe(1);
        File.GetUnixFileMode(Directory.GetFiles(tenant.Data, "mqtt-bridge.key", SearchOption.AllDirectories).Single()).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
