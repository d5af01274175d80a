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
    private readonly FakeTime _time = new(TimeProvider.System.GetUtcNow());
    private readonly LogCapture _log = new();
    private readonly LoggerFactory _loggers = new();
    private readonly TestProvider _provider;
    private readonly JoinFiles _files;
    private readonly BridgeConnection _bridge;
    private readonly ProviderEvents _events;

    public ProviderEventsTests(StoppedTenant tenant)
    {
        (_provider, _files) = (tenant.Provider, tenant.Files);
        _provider.Events.Clear();
        _provider.Batches.Clear();
        _provider.Calls.Clear();
        _provider.RefusesEvent = _ => false;
        _provider.Subscribed = TestProvider.EveryType;
        _loggers.AddProvider(_log);
        _bridge = new BridgeConnection(_files, LinkTo(_provider));
        _events = Publisher(_bridge);
    }

    public void Dispose()
    {
        _events.Dispose();
        _bridge.Dispose();
        _loggers.Dispose();
    }

    [SkippableFact]
    public async Task Publish_MoreThanABatch_SendsAllInOrderOverOneConnection()
    {
        await PublishAsync(1100);

        Arrived().ShouldBe(Enumerable.Range(1, 1100).Select(n => (long)n));
        _provider.Batches.Select(b => b.Count).ShouldBe([500, 500, 100]);
    }

    [SkippableFact]
    public async Task Publish_LongEvents_KeepsABatchBelowAMegabyte()
    {
        var longest = new string('x', 30_000);

        await _events.PublishAsync([.. Enumerable.Range(1, 100).Select(n => Enrolled(n) with { By = longest })], default);

        Arrived().Count().ShouldBe(100);
        _provider.Batches.ShouldAllBe(b => b.Count * longest.Length < ForwardedEvents.MaxBytes);
        _provider.Batches.Count.ShouldBe(4);
    }

    [SkippableFact]
    public async Task Publish_AnswerLost_CanBeRepeatedUnderTheSameId()
    {
        _provider.Faults.Enqueue(new Fault(Path) { LosesAnswer = true });
        var once = Enrolled(1);

        await Should.ThrowAsync<UnreachableException>(() => _events.PublishAsync([once], default));
        await _events.PublishAsync([once], default);

        Arrived().ShouldBe([1, 1]);
        _provider.Events.Select(e => e.GetProperty("id").GetGuid()).Distinct().ShouldBe([once.Id]);
    }

    [SkippableTheory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task Publish_ProviderAsksToWait_IsNotReadyForSoLong(int status)
    {
        _provider.Faults.Enqueue(new Fault(Path) { Status = status, RetryAfter = 7 });

        await Should.ThrowAsync<ApiException>(() => PublishAsync(1));

        _events.IsReady.ShouldBeFalse();
        _time.Advance(TimeSpan.FromSeconds(7));
        _events.IsReady.ShouldBeTrue();
        _log.Text.ShouldBeEmpty("the relay says that it waits");
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
            _provider.Faults.Enqueue(new Fault(Path) { Status = status, Code = code });
            await Should.ThrowAsync<ApiException>(() => PublishAsync(1));
            _events.IsReady.ShouldBeFalse();
            _time.Advance(TimeSpan.FromMinutes(1));
            _events.IsReady.ShouldBeTrue();
        }

        _log.Text.Split('\n').Count(line => line.Contains(code, StringComparison.Ordinal)).ShouldBe(1);
        _log.Text.ShouldContain(advice);
        await PublishAsync(1);
        Arrived().ShouldBe([1]);
    }

    [SkippableFact]
    public async Task Publish_EventsTheProviderRefuses_AreLeftOutAndSaidOnceAndTheOthersArrive()
    {
        _provider.RefusesEvent = e => e.GetProperty("sequence").GetInt64() is 3 or 77;

        await PublishAsync(100);

        Arrived().ShouldBe(Enumerable.Range(1, 100).Select(n => (long)n).Except([3, 77]));
        _log.Text.Split('\n').ShouldHaveSingleItem().ShouldContain("Error");
        _log.Text.ShouldContain("Event 3 (device.enrolled) was left out");
        _provider.Calls.Count(c => c.EndsWith(Path, StringComparison.Ordinal)).ShouldBeLessThan(40);
    }

    [SkippableFact]
    public async Task Publish_InterruptedAmongRefusedEvents_DoesNotAskForThemAgain()
    {
        var batch = Enumerable.Range(1, 4).Select(Enrolled).ToList();
        // All four, the first two, the first alone; then the provider goes down.
        var looks = 0;
        _provider.RefusesEvent = e =>
        {
            if (++looks == 3)
            {
                _provider.Faults.Enqueue(new Fault(Path) { Status = 503 });
            }

            return e.GetProperty("sequence").GetInt64() is 1;
        };
        await Should.ThrowAsync<ApiException>(() => _events.PublishAsync(batch, default));
        Arrived().ShouldBeEmpty();
        _provider.Calls.Clear();

        await _events.PublishAsync(batch, default);

        _provider.Calls.ShouldHaveSingleItem();
        Arrived().ShouldBe([2, 3, 4]);
    }

    [SkippableFact]
    public async Task Subscribed_EveryType_IsNotAskedAgainForAMinute()
    {
        (await _events.SubscribedTypesAsync(default)).Count.ShouldBe(TestProvider.EveryType.Count);
        (await _events.SubscribedTypesAsync(default)).Count.ShouldBe(TestProvider.EveryType.Count);
        _provider.Calls.ShouldHaveSingleItem();

        _time.Advance(TimeSpan.FromMinutes(2));
        await _events.SubscribedTypesAsync(default);
        _provider.Calls.Count.ShouldBe(2);
    }

    [SkippableFact]
    public async Task Subscribed_NotEveryType_IsAskedEveryTime()
    {
        _provider.Subscribed = [DeviceEnrolled.Name, "device.teleported"];
        (await _events.SubscribedTypesAsync(default)).ShouldBe([DeviceEnrolled.Name]);

        _provider.Subscribed = [];
        (await _events.SubscribedTypesAsync(default)).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Subscribed_ProviderThatCantBeAsked_IsEverything()
    {
        _provider.Subscribed = null;

        (await _events.SubscribedTypesAsync(default)).Count.ShouldBe(TestProvider.EveryType.Count);
        _events.IsReady.ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Publish_BridgeRenewedMeanwhile_GoesOnWithTheNewCertificate()
    {
        await PublishAsync(1);
        using var key = _files.ReadBridgeKey();
        var renewed = await _bridge.Open().RenewBridgeAsync("acme", new RenewBridgeRequest { MqttBridgeCsr = CertificateSigningRequest.CreatePem(key!, new SubjectNames()) });
        _files.WriteBundle(_files.ReadBundle()!.WithBridge(renewed.MqttBridgeCert, renewed.CaChain));

        await PublishAsync(1);

        _provider.Batches.Select(b => b.Serial).Distinct().Count().ShouldBe(2);
    }

    [SkippableFact]
    public async Task Publish_ServerOfAnotherRoot_SendsItNothingAndSaysWhatToCompare()
    {
        await using var stranger = await TestProvider.StartAsync();
        using var wrong = new BridgeConnection(_files, LinkTo(stranger));
        using var toWrong = Publisher(wrong);

        await Should.ThrowAsync<UnreachableException>(() => toWrong.PublishAsync([Enrolled(1)], default));

        stranger.Calls.ShouldBeEmpty();
        toWrong.IsReady.ShouldBeFalse();
        _log.Text.ShouldContain("STEP_CA_FINGERPRINT");
    }

    private ProviderEvents Publisher(BridgeConnection way) => new(new JoinedTenant("acme", TestProvider.PlatformDomain), way, _time, _loggers.CreateLogger<ProviderEvents>());

    private ProviderLink LinkTo(TestProvider there) => new(Support.Options.Create(provider: there.Url), _files, _time);

    private IEnumerable<long> Arrived() => _provider.Events.Select(e => e.GetProperty("sequence").GetInt64());

    private Task PublishAsync(int count) => _events.PublishAsync([.. Enumerable.Range(1, count).Select(Enrolled)], default);

    private DeviceEnrolled Enrolled(int sequence) =>
        new() { Id = Guid.NewGuid(), OccurredAt = _time.GetUtcNow(), Sequence = sequence, By = "token:1", DeviceId = $"sensor-{sequence}" };
}
