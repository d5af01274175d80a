using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Stacks;

namespace IoTPlatform.EndToEnd.Tests.Crash;

/// <summary>SIGKILL to the provider with a JOIN step's effect made and its record not committed; the real tenant's own retry has to finish.</summary>
public sealed class ProviderKilledTests
{
    [SkippableTheory]
    [InlineData("sign-sub-ca")]
    [InlineData("broker")]
    [InlineData("sign-bridge")]
    [InlineData("federation")]
    public Task Join_ProviderKilledBeforeStepIsRecorded_CompletesAndNothingExistsTwice(string step) =>
        JoinsOnceAsync("provider.join_steps", $"NEW.step = '{step}' AND NEW.completed_at IS NOT NULL");

    [SkippableFact]
    public Task Join_ProviderKilledBeforeKeyIsBound_SameKeyStillJoins() => JoinsOnceAsync("provider.tenants", "NEW.status = 'joining'");

    [SkippableFact]
    public Task Join_ProviderKilledBeforeConfirmationIsRecorded_TenantConfirmsAgain() => JoinsOnceAsync("provider.tenants", "NEW.status = 'active'");

    /// <summary>Kills the provider while it writes a row for which the condition holds, and starts it again.</summary>
    private static async Task JoinsOnceAsync(string table, string killedWhen)
    {
        await using var provider = await ProviderStack.StartAsync();
        var prepared = await provider.PrepareAsync("acme");
        TenantStack tenant;
        await using (var hold = await Hold.OnWriteAsync(provider.Database, table, killedWhen))
        {
            tenant = await TenantStack.LaunchAsync(provider, "acme", prepared.JoinKey);
            await hold.ReachedAsync(provider.Process);
            await provider.KillAsync();
        }
        await using var running = tenant;
        await provider.StartProcessAsync();

        await tenant.ReadyAsync();

        await AssertJoinedOnceAsync(provider);
    }

    private static async Task AssertJoinedOnceAsync(ProviderStack provider)
    {
        using var admin = await provider.AdminAsync();
        var detail = await admin.GetTenantAsync("acme");
        detail.Status.ShouldBe(TenantStatus.Active);
        detail.Steps.ShouldAllBe(step => step.CompletedAt != null);
        detail.SubCaSerials.Count.ShouldBe(1);
        (await provider.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE profile = 'tenant-sub-ca'")).ShouldBe(1);
        (await provider.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE profile = 'mqtt-bridge'")).ShouldBe(1);
        (await admin.VerifyAuditAsync()).Intact.ShouldBeTrue();
    }
}
