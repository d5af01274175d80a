using System.Text.Json;
using IoTPlatform.Stacks;

namespace IoTPlatform.EndToEnd.Tests.Lifecycle;

public sealed class AuditAnchorTests
{
    [SkippableFact]
    public async Task Tenant_Starts_EachSideHoldsTheOthersHead()
    {
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();

        await ShouldHoldAsync(provider.Database, "tenant:acme", tenant.Database);
        await ShouldHoldAsync(tenant.Database, "provider", provider.Database);
    }

    private static async Task ShouldHoldAsync(Testing.TestDatabase holder, string other, Testing.TestDatabase log)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        string? details;
        while ((details = await holder.ScalarAsync<string>("SELECT details FROM audit.entries WHERE action = 'audit.anchored' AND subject = $1", other)) is null)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), limit.Token);
        }

        var head = JsonDocument.Parse(details).RootElement.GetProperty("head").GetString();

        (await log.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE encode(hash, 'hex') = $1", head)).ShouldBe(1);
    }
}
