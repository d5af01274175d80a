using IoTPlatform.LocalServices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Faults;

/// <summary>What is transient does not end a first boot: only a certificate that was seen and does not verify is a matter of trust.</summary>
public sealed class FirstBootFaultTests
{
    private static readonly string[] Faults = ["reset", "close", "alert", "http", "pass"];

    [SkippableFact]
    public async Task FirstBoot_ThroughAProxyThatBreaksHandshakes_GetsThrough()
    {
        var port = FreePort.Next();
        await using var provider = await ProviderStack.StartAsync(new Dictionary<string, string?> { ["IOT_PUBLIC_URL"] = $"https://localhost:{port}" });
        var prepared = await provider.PrepareAsync("acme");
        await using var proxy = new FlakyProxy(port, () => provider.Url.Port, [.. Faults, .. Faults, .. Faults]);

        await using var tenant = await TenantStack.LaunchAsync(
            provider, "acme", prepared.JoinKey, new Dictionary<string, string?> { ["PROVIDER_URL"] = $"https://localhost:{port}" });

        await tenant.Process.WaitForLineAsync("ready ", TimeSpan.FromMinutes(3));
        proxy.Spoiled.ShouldBe(12);
    }

    /// <summary>Killed whenever the tenant has come one step further, and started again.</summary>
    [SkippableFact]
    public async Task FirstBoot_ProviderRestartsAtEveryStep_GetsThrough()
    {
        await using var provider = await ProviderStack.StartAsync();
        var prepared = await provider.PrepareAsync("acme");
        await provider.KillAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", prepared.JoinKey);
        var runs = false;
        foreach (var line in new[] { "first-boot: provider-root waiting", "first-boot: provider-root done", "first-boot: join …", "first-boot: confirm …" })
        {
            await tenant.Process.WaitForLineAsync(line, TimeSpan.FromMinutes(2));
            if (runs)
            {
                await provider.KillAsync();
            }

            await provider.StartProcessAsync();
            runs = true;
        }

        await tenant.Process.WaitForLineAsync("ready ", TimeSpan.FromMinutes(3));
    }
}
