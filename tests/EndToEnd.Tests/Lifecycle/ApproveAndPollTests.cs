using IoTPlatform.Client;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Stacks;

namespace IoTPlatform.EndToEnd.Tests.Lifecycle;

/// <summary>JOIN without a key: an admin decides.</summary>
public sealed class ApproveAndPollTests
{
    [SkippableFact]
    public async Task Join_Approved_TenantIsReady()
    {
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", joinKey: null);
        using var admin = await provider.AdminAsync();
        var waiting = await tenant.Process.WaitForLineAsync(line => line.StartsWith("first-boot: join waiting", StringComparison.Ordinal));
        var asked = await admin.GetTenantAsync("acme");
        waiting.ShouldContain(asked.SubCaKeySha256!, customMessage: "both sides print the key that is compared");
        (await Should.ThrowAsync<ApiException>(() => admin.ApproveJoinRequestAsync("acme", new string('0', 64)))).Code.ShouldBe("join_request_changed");

        await admin.ApproveJoinRequestAsync("acme", asked.SubCaKeySha256);

        await tenant.ReadyAsync();
        asked.Status.ShouldBe(TenantStatus.Requested);
        asked.SubCaKeySha256.ShouldNotBeNull();
        var joined = await admin.GetTenantAsync("acme");
        (joined.Status, joined.SubCaKeySha256).ShouldBe((TenantStatus.Active, asked.SubCaKeySha256));
    }

    [SkippableFact]
    public async Task Join_Rejected_TenantEndsWithTheReason()
    {
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", joinKey: null);
        using var admin = await provider.AdminAsync();
        await tenant.Process.WaitForLineAsync(line => line.StartsWith("first-boot: join waiting", StringComparison.Ordinal));

        await admin.RejectJoinRequestAsync("acme", "no contract");

        (await tenant.Process.WaitForExitAsync()).ShouldBe(1);
        tenant.Process.Output.ShouldContain("no contract");
        (await provider.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE profile = 'tenant-sub-ca'")).ShouldBe(0);
    }
}
