using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Platform;

/// <summary>What happens on a tenant's own stack, through a real tenant, a real provider and a real RabbitMQ, each of which is killed meanwhile.</summary>
[Collection(SharedPlatform.Name)]
public sealed class TenantStackEventsTests(PlatformFixture platform, PublishingTenant tenant) : IClassFixture<PublishingTenant>
{
    private readonly ProviderStack _provider = platform.Provider;

    [SkippableFact]
    public async Task Device_Enrolled_ReachesAnOutsideQueueInTheTenantsName()
    {
        await tenant.EnrollAsync("plain");

        var (message, body) = await tenant.Queue.NextAsync(Of("plain"));
        body.EnumerateObject().Select(member => member.Name).ShouldBe(["type", "id", "occurred_at", "source", "sequence", "by", "tenant_id", "device_id"], ignoreOrder: true);
        body.GetProperty("tenant_id").GetString().ShouldBe(PublishingTenant.Id);
        body.GetProperty("source").GetString().ShouldBe(PublishingTenant.Id);
        message.GetProperty("properties").GetProperty("message_id").GetString().ShouldBe(body.GetProperty("id").GetString());
        message.GetProperty("properties").GetProperty("delivery_mode").GetInt32().ShouldBe(2);
    }

    [SkippableFact]
    public async Task Provider_Killed_DevicesEnrollAndAreReportedAfterTheRestart()
    {
        await _provider.KillAsync();
        await tenant.EnrollAsync("alone-1");
        await tenant.EnrollAsync("alone-2");

        await _provider.StartProcessAsync();

        await OnceEachAsync("alone-1", "alone-2");
    }

    [SkippableFact]
    public async Task Tenant_KilledBetweenCommitAndSending_PublishesItAfterTheRestart()
    {
        await using (await HeldRelay.TakeAsync(tenant.Stack.Database))
        {
            await tenant.EnrollAsync("survivor");
            await tenant.Stack.KillAsync();
        }

        tenant.Stack.Launch();
        await tenant.Stack.ReadyAsync();

        await OnceEachAsync("survivor");
    }

    [SkippableFact]
    public async Task Broker_DownForAWhile_EventsOfBothStacksWaitAndCome()
    {
        await _provider.PrepareAsync("patient");
        await Waiting.UntilAsync(async () => await RecordedOfPatientAsync() == 1);
        await platform.Broker.KillAsync();

        // Decided while the broker is away: suspending says so, and the decision stands.
        using (var admin = await _provider.AdminAsync())
        {
            for (var i = 0; i < 2; i++)
            {
                (await Should.ThrowAsync<ApiException>(() => admin.SuspendTenantAsync("patient", "unpaid"))).Status.ShouldBe(503);
                (await Should.ThrowAsync<ApiException>(() => admin.ResumeTenantAsync("patient"))).Status.ShouldBe(503);
            }
        }

        await BusIsAwayAsync();
        await tenant.EnrollAsync("patient");
        await platform.Broker.StartAgainAsync();

        string[] expected = [TenantSuspended.Name, TenantResumed.Name, TenantSuspended.Name, TenantResumed.Name];
        await ExplainedAsync(async () =>
        {
            foreach (var type in expected)
            {
                (await tenant.Decisions.NextAsync(IsDecision)).Body.GetProperty("type").GetString().ShouldBe(type);
            }
        });

        await Waiting.UntilAsync(async () => await RecordedOfPatientAsync() == 5);
        using (var admin = await _provider.AdminAsync())
        {
            (await admin.ListTenantEventsAsync("patient")).Items.Reverse().Skip(1).Select(e => e.Type).ShouldBe(expected);
        }

        await ExplainedAsync(() => OnceEachAsync("patient"));
    }

    /// <summary>What does not come is explained by what the processes said last.</summary>
    private async Task ExplainedAsync(Func<Task> wait)
    {
        try
        {
            await wait();
        }
        catch (ShouldAssertException e)
        {
            throw new InvalidOperationException($"{e.Message}\nprovider:\n{Last(_provider.Process)}\ntenant:\n{Last(tenant.Stack.Process)}", e);
        }
    }

    private static string Last(ProcessUnderTest process) => string.Join('\n', process.Lines.TakeLast(40));

    private Task<long> RecordedOfPatientAsync() => _provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE subject = 'patient' AND starts_with(action, 'tenant.')");

    /// <summary>The provider says so to the tenant's bridge.</summary>
    private async Task BusIsAwayAsync()
    {
        using var bridge = tenant.Bridge();
        var happened = new DeviceEnrolled { Id = Guid.NewGuid(), OccurredAt = TimeProvider.System.GetUtcNow(), Sequence = 1, By = "test", DeviceId = "lost" };
        var sent = new ForwardedEvents { Events = [JsonSerializer.SerializeToElement(happened, ContractsJson.Default.DeviceEnrolled)] };
        var refusal = await Should.ThrowAsync<ApiException>(() => bridge.ForwardEventsAsync(PublishingTenant.Id, sent));
        refusal.Status.ShouldBe(503);
        refusal.Code.ShouldBe("dependency_unavailable");
        refusal.RetryAfter.ShouldNotBeNull();
    }

    /// <summary>Each under one id, however often it comes; between devices there is no order.</summary>
    private async Task OnceEachAsync(params string[] devices)
    {
        var missing = devices.ToHashSet(StringComparer.Ordinal);
        while (missing.Count > 0)
        {
            var device = (await tenant.Queue.NextAsync(Of(devices))).Body.GetProperty("device_id").GetString()!;
            missing.Remove(device).ShouldBeTrue($"{device} came under a second id");
        }
    }

    private static Func<JsonElement, bool> Of(params string[] devices) => body => devices.Contains(body.GetProperty("device_id").GetString());

    private static bool IsDecision(JsonElement body) =>
        body.GetProperty("tenant_id").GetString() == "patient" && body.GetProperty("type").GetString() is not TenantPrepared.Name;
}
