using System.Globalization;
using System.Text.RegularExpressions;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Faults;

/// <summary>A tenant whose clock is wrong reports by how much, waits, and continues by itself; it never asks to begin anew.</summary>
public sealed class ClockTests
{
    [SkippableFact]
    public async Task Tenant_ClockIsBehind_SaysByHowMuchAndGoesOn()
    {
        Requires.Tool("faketime");
        await using var provider = await ProviderStack.StartAsync();
        var prepared = await provider.PrepareAsync("acme");
        await using var tenant = new TenantStack(provider, await PostgresServer.CreateEmptyDatabaseAsync(), "acme", prepared.JoinKey);
        tenant.LaunchWithClock(-TimeSpan.FromSeconds(90));
        var line = await WaitingAsync(tenant, "behind that of");
        Seconds(line, "behind").ShouldBeInRange(80, 100);
        line.ShouldNotContain("host name");
        tenant.SetClock(TimeSpan.Zero);
        await tenant.ReadyAsync();
        tenant.Process.Terminate();
        (await tenant.Process.WaitForExitAsync()).ShouldBe(0);

        tenant.LaunchWithClock(-TimeSpan.FromDays(2));

        await WaitingAsync(tenant, "clock is 2 days behind");
        tenant.Process.Output.ShouldNotContain("remove this tenant");
        tenant.SetClock(TimeSpan.Zero);
        await tenant.ReadyAsync();
    }

    [SkippableFact]
    public async Task Tenant_ClockIsAhead_SaysByHowMuchAndGoesOn()
    {
        Requires.Tool("faketime");
        await using var provider = await ProviderStack.StartAsync();
        var prepared = await provider.PrepareAsync("acme");
        await using var tenant = new TenantStack(provider, await PostgresServer.CreateEmptyDatabaseAsync(), "acme", prepared.JoinKey);

        tenant.LaunchWithClock(TimeSpan.FromSeconds(90));

        var line = await WaitingAsync(tenant, "ahead of that of");
        Seconds(line, "ahead").ShouldBeInRange(80, 100);
        tenant.SetClock(TimeSpan.Zero);
        await tenant.ReadyAsync();
    }

    /// <summary>Of the time that an answer takes some falls between the two clocks' readings, on either side: a busy machine is some seconds off.</summary>
    private static int Seconds(string line, string direction)
    {
        var clock = Regex.Match(line, $"clock is ([0-9]+) s {direction}", RegexOptions.None, TimeSpan.FromSeconds(1));
        clock.Success.ShouldBeTrue(line);
        return int.Parse(clock.Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private static Task<string> WaitingAsync(TenantStack tenant, string clocks) => tenant.Process.WaitForLineAsync(
        line => line.StartsWith("first-boot: ", StringComparison.Ordinal) && line.Contains(" waiting: ", StringComparison.Ordinal) && line.Contains(clocks, StringComparison.Ordinal),
        TimeSpan.FromMinutes(2));
}
