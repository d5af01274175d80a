using IoTPlatform.Client;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Features.Events;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Tenant.Tests.Events;

/// <summary>Sending alone, without the relay.</summary>
public sealed class ProviderEventsTests : IClassFixture<StoppedTenant>, IDisposable
{
    private const string Path = "/events";
    private readonly FakeTime time = new(TimeProvider.System.GetUtcNow());
    private readonly LogCapture log = new();
    private readonly LoggerFactory loggers = new();
    private readonly TestProvider provider;
    private readonly JoinFiles files;
    private readonly BridgeConnection bridge;
    private readonly ProviderEvents events;

    public ProviderEventsTests(StoppedTenant tenant)
    {
        (provider, files) = (tenant.Provider, tenant.Files);
        provider.Events.Clear();
        provider.Batches.Clear();
        provider.Calls.Clear();
        provider.RefusesEvent = _ => false;
        provider.Subscribed = TestProvider.EveryType;
        loggers.AddProvider(log);
        bridge = new BridgeConnection(files, LinkTo(provider));
        events = Publisher(bridge);
    }

    public void Dispose()
    {
        events.Dispose();
        bridge.Dispose();
        loggers.Dispose();
    }

    [SkippableFact]
    public async Task Publish_MoreThanABatch_SendsAllInOrderOverOneConnection()
    {
        await PublishAsync(1100);

        Arrived().ShouldBe(Enumerable.Range(1, 1100).Select(n => (long)n));
        provider.Batches.Select(b => b.Count).ShouldBe([500, 500, 100]);
    }

    [SkippableFact]
    public async Task Publish_LongEvents_KeepsABatchBelowAMegabyte()
    {
        var longest = new string('x', 30_000);

        await events.PublishAsync([.. Enumerable.Range(1, 100).Select(n => Enrolled(n) with { By = longest })], default);

        Arrived().Count().ShouldBe(100);
        provider.Batches.ShouldAllBe(b => b.Count * longest.Length < ForwardedEvents.MaxBytes);
        provider.Batches.Count.ShouldBe(4);
    }

    [SkippableFact]
    public async Task Publish_AnswerLost_CanBeRepeatedUnderTheSameId()
    {
        provider.Faults.Enqueue(new Fault(Path) { LosesAnswer = true });
        var once = Enrolled(1);

        await Should.ThrowAsync<UnreachableException>(() => events.PublishAsync([once], default));
        await events.PublishAsync([once], default);

        Arrived().ShouldBe([1, 1]);
        provider.Events.Select(e => e.GetProperty("id").GetGuid()).Distinct().ShouldBe([once.Id]);
    }

    [SkippableTheory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task Publish_ProviderAsksToWait_IsNotReadyForSoLong(int status)
    {
        provider.Faults.Enqueue(new Fault(Path) { Status = status, RetryAfter = 7 });

        await Should.ThrowAsync<ApiException>(() => PublishAsync(1));

        events.IsReady.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(7));
        events.IsReady.ShouldBeTrue();
        log.Text.ShouldBeEmpty("the relay says that it waits");
    }

    [SkippableTheory]
    [InlineData(401, "certificate_refused", "join again")]
    [InlineData(403, "tenant_suspended", "is suspended")]
    [InlineData(405, "method_not_allowed", "upgrade it")]
    [InlineData(400, "http_400", "ask the provider's admin")]
    public async Task Publish_ProviderWantsNone_WaitsAndSaysOnceWhatToDo(int status, string code, string advice)
    {
        for (var i = 0; i < 3; i++)
        {
            provider.Faults.Enqueue(new Fault(Path) { Status = status, Code = code });
            await Should.ThrowAsync<ApiException>(() => PublishAsync(1));
            events.IsReady.ShouldBeFalse();
            time.Advance(TimeSpan.FromMinutes(1));
            events.IsReady.ShouldBeTrue();
        }

        log.Text.Split('\n').Count(line => line.Contains(code, StringComparison.Ordinal)).ShouldBe(1);
        log.Text.ShouldContain(advice);
        await PublishAsync(1);
        Arrived().ShouldBe([1]);
    }

    [SkippableFact]
    public async Task Publish_EventsTheProviderRefuses_AreLeftOutAndSaidOnceAndTheOthersArrive()
    {
        provider.RefusesEvent = e => e.GetProperty("sequence").GetInt64() is 3 or 77;

        await PublishAsync(100);

        Arrived().ShouldBe(Enumerable.Range(1, 100).Select(n => (long)n).Except([3, 77]));
        log.Text.Split('\n').ShouldHaveSingleItem().ShouldContain("Error");
        log.Text.ShouldContain("Event 3 (device.enrolled) was left out");
        provider.Calls.Count(c => c.EndsWith(Path, StringComparison.Ordinal)).ShouldBeLessThan(40);
    }

    [SkippableFact]
    public async Task Publish_InterruptedAmongRefusedEvents_DoesNotAskForThemAgain()
    {
        var batch = Enumerable.Range(1, 4).Select(Enrolled).ToList();
        // All four, the first two, the first alone; then the provider goes down.
        var looks = 0;
        provider.RefusesEvent = e =>
        {
            if (++looks == 3)
            {
                provider.Faults.Enqueue(new Fault(Path) { Status = 503 });
            }

            return e.GetProperty("sequence").GetInt64() is 1;
        };
        await Should.ThrowAsync<ApiException>(() => events.PublishAsync(batch, default));
        Arrived().ShouldBeEmpty();
        provider.Calls.Clear();

        await events.PublishAsync(batch, default);

        provider.Calls.ShouldHaveSingleItem();
        Arrived().ShouldBe([2, 3, 4]);
    }

    [SkippableFact]
    public async Task Subscribed_EveryType_IsNotAskedAgainForAMinute()
    {
        (await events.SubscribedTypesAsync(default)).Count.ShouldBe(7);
        (await events.SubscribedTypesAsync(default)).Count.ShouldBe(7);
        provider.Calls.ShouldHaveSingleItem();

        time.Advance(TimeSpan.FromMinutes(2));
        await events.SubscribedTypesAsync(default);
        provider.Calls.Count.ShouldBe(2);
    }

    [SkippableFact]
    public async Task Subscribed_NotEveryType_IsAskedEveryTime()
    {
        provider.Subscribed = [DeviceEnrolled.Name, "device.teleported"];
        (await events.SubscribedTypesAsync(default)).ShouldBe([DeviceEnrolled.Name]);

        provider.Subscribed = [];
        (await events.SubscribedTypesAsync(default)).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Subscribed_ProviderThatCantBeAsked_IsEverything()
    {
        provider.Subscribed = null;

        (await events.SubscribedTypesAsync(default)).Count.ShouldBe(7);
        events.IsReady.ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Publish_BridgeRenewedMeanwhile_GoesOnWithTheNewCertificate()
    {
        await PublishAsync(1);
        using var key = files.ReadBridgeKey();
        var renewed = await bridge.Open().RenewBridgeAsync("acme", new RenewBridgeRequest { MqttBridgeCsr = CertificateSigningRequest.CreatePem(key!, new SubjectNames()) });
        files.WriteBundle(files.ReadBundle()!.WithBridge(renewed.MqttBridgeCert));

        await PublishAsync(1);

        provider.Batches.Select(b => b.Serial).Distinct().Count().ShouldBe(2);
    }

    [SkippableFact]
    public async Task Publish_ServerOfAnotherRoot_TellsItNothingAndSaysWhatToCompare()
    {
        await using var stranger = await TestProvider.StartAsync();
        using var wrong = new BridgeConnection(files, LinkTo(stranger));
        using var toWrong = Publisher(wrong);

        await Should.ThrowAsync<UnreachableException>(() => toWrong.PublishAsync([Enrolled(1)], default));

        stranger.Calls.ShouldBeEmpty();
        toWrong.IsReady.ShouldBeFalse();
        log.Text.ShouldContain("STEP_CA_FINGERPRINT");
    }

    private ProviderEvents Publisher(BridgeConnection way) => new(new JoinedTenant("acme", TestProvider.PlatformDomain), way, time, loggers.CreateLogger<ProviderEvents>());

    private ProviderLink LinkTo(TestProvider there) => new(Support.Options.Create(provider: there.Url), files, time);

    private IEnumerable<long> Arrived() => provider.Events.Select(e => e.GetProperty("sequence").GetInt64());

    private Task PublishAsync(int count) => events.PublishAsync([.. Enumerable.Range(1, count).Select(Enrolled)], default);

    private DeviceEnrolled Enrolled(int sequence) =>
        new() { Id = Guid.NewGuid(), OccurredAt = time.GetUtcNow(), Sequence = sequence, By = "token:1", DeviceId = $"sensor-{sequence}" };
}
