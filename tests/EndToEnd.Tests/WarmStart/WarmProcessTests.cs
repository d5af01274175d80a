using IoTPlatform.LocalServices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.WarmStart;

/// <summary>What the other tests rely on when a process runs a program again: a run is as good as a process.</summary>
public sealed class WarmProcessTests
{
    [Fact]
    public async Task Process_RunsAgain_WithTheSettingsOfTheRunAlone()
    {
        using var folder = new TempFolder();
        await using var first = Start(folder, ("IOT_DATABASE", "Host=127.0.0.1;Port=1"), ("IOT_PLANS", "no.such.file"));
        var refusal = await first.WaitForExitAsync();

        await using var second = Start(folder, ("IOT_DATABASE", "Host=127.0.0.1;Port=1"));
        var fault = await second.WaitForExitAsync();

        second.Id.ShouldBe(first.Id);
        (refusal, fault).ShouldBe((1, 1));
        first.Output.ShouldContain("IOT_PLANS");
        second.Output.ShouldNotContain("IOT_PLANS");
        second.Lines.Count(line => line.StartsWith("error: ", StringComparison.Ordinal)).ShouldBe(1);
    }

    [Fact]
    public async Task Run_Killed_TakesItsProcessWithIt_AndOneThatEndedIsNobodysToKill()
    {
        await using var provider = await ProviderStack.StartAsync();
        var killed = provider.Process;
        await provider.KillAsync();
        (await killed.WaitForExitAsync()).ShouldBe(128 + 9);

        await provider.StartProcessAsync();
        var ended = provider.Process;
        ended.Id.ShouldNotBe(killed.Id);
        await provider.RestartAsync();
        provider.Process.Id.ShouldBe(ended.Id);
        await ended.KillAsync();
        ended.Terminate();
        await ended.DisposeAsync();

        using var admin = await provider.AdminAsync();
        (await admin.ListTenantsAsync()).Items.ShouldBeEmpty();
    }

    private static ProcessUnderTest Start(TempFolder folder, params (string Name, string? Value)[] settings) => StackPrograms.Start(
        StackPrograms.Provider,
        settings.Append(("IOT_DATA", folder.Combine("data"))).Append(("IOT_LISTEN", $"https://127.0.0.1:{FreePort.Next()}")).ToDictionary());
}
