using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Workflow;
using IoTPlatform.Provider.Tests.Support;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Provider.Tests.Workflow;

public sealed class WorkflowRetriesTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(30);
    private readonly RunningProvider _provider = fixture.Provider;
    private readonly Delivery _delivery = new();

    private WorkflowRetries Retries => new(DataServices.CreateFactory(_provider.Database.DataSource), _delivery, _provider.Time);

    [SkippableFact]
    public async Task Schedule_ManyWakeUpsFail_OneRetryIsUnderWay()
    {
        var wakeUp = await WakeUpAsync("retried");

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Retries.ScheduleAsync(wakeUp, isRedelivered: false, Delay, default)));

        _delivery.Sent.ShouldHaveSingleItem().ShouldBe((wakeUp with { IsRetry = true }, Delay));
    }

    [SkippableFact]
    public async Task Schedule_TheRetryFailsToo_TheNextIsUnderWayWhateverTheClocksSay()
    {
        var wakeUp = await WakeUpAsync("persistent");
        await Retries.ScheduleAsync(wakeUp, isRedelivered: false, Delay, default);

        await Retries.ScheduleAsync(_delivery.Sent.Single().Message, isRedelivered: false, Delay, default);
        await Retries.ScheduleAsync(wakeUp, isRedelivered: false, Delay, default);

        _delivery.Sent.Count.ShouldBe(2);
    }

    [SkippableFact]
    public async Task Schedule_ConsumerDiedBeforeItSentTheRetry_TheNextConsumerSendsIt()
    {
        var wakeUp = await WakeUpAsync("orphaned");
        _delivery.Fails = true;
        await Should.ThrowAsync<IOException>(() => Retries.ScheduleAsync(wakeUp, isRedelivered: false, Delay, default));
        _delivery.Fails = false;

        await Retries.ScheduleAsync(wakeUp, isRedelivered: true, Delay, default);

        _delivery.Sent.ShouldHaveSingleItem();
    }

    [SkippableFact]
    public async Task Schedule_RetryWasLost_AnotherWakeUpHasItsOwn()
    {
        var wakeUp = await WakeUpAsync("lost");
        await Retries.ScheduleAsync(wakeUp, isRedelivered: false, TimeSpan.Zero, default);

        await Retries.ScheduleAsync(wakeUp, isRedelivered: false, Delay, default);

        _delivery.Sent.Count.ShouldBe(2);
    }

    [SkippableFact]
    public async Task Schedule_TenantIsGone_NothingIsSent()
    {
        await Retries.ScheduleAsync(new AdvanceWorkflow { TenantId = "never-there" }, isRedelivered: true, Delay, default);

        _delivery.Sent.ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task WakeUp_OfACall_OutlivesTheCaller()
    {
        var seen = new Observer();
        _provider.Services.GetRequiredService<IBus>().ConnectPublishObserver(seen);

        await _provider.Services.GetRequiredService<WorkflowClient>().AdvanceAsync("nobody-there", default);

        seen.TimesToLive.ShouldBe([null], "the broker would drop it when the caller stops waiting");
    }

    private async Task<AdvanceWorkflow> WakeUpAsync(string tenantId)
    {
        await _provider.PrepareAsync(tenantId);
        return new AdvanceWorkflow { TenantId = tenantId };
    }

    private sealed class Delivery : IRetryDelivery
    {
        public List<(AdvanceWorkflow Message, TimeSpan Delay)> Sent { get; } = [];

        public bool Fails { get; set; }

        public TimeSpan DelayFor(TimeSpan wanted) => wanted;

        public Task SendAsync(AdvanceWorkflow message, TimeSpan delay, CancellationToken cancellationToken)
        {
            if (Fails)
            {
                throw new IOException("the broker is away");
            }

            Sent.Add((message, delay));
            return Task.CompletedTask;
        }
    }

    private sealed class Observer : IPublishObserver
    {
        public List<TimeSpan?> TimesToLive { get; } = [];

        public Task PrePublish<T>(PublishContext<T> context) where T : class => Task.CompletedTask;

        public Task PostPublish<T>(PublishContext<T> context) where T : class
        {
            if (context.Message is AdvanceWorkflow { TenantId: "nobody-there" })
            {
                TimesToLive.Add(context.TimeToLive);
            }

            return Task.CompletedTask;
        }

        public Task PublishFault<T>(PublishContext<T> context, Exception exception) where T : class => Task.CompletedTask;
    }
}
