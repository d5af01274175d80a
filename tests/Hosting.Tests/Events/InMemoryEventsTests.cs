using System.Collections.Concurrent;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Hosting.Events;
using IoTPlatform.Testing;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace IoTPlatform.Hosting.Tests.Events;

/// <summary>Relay, bus and consumer as a host has them without a broker.</summary>
public sealed class InMemoryEventsTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Seen _seen = new();
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await PostgresServer.CreateDatabaseAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [SkippableFact]
    public async Task Event_ThatItsConsumerCantHandle_HoldsUpNobody()
    {
        await ActAsync("poison");
        await ActAsync("acme");
        using var host = await StartAsync();

        await UntilAsync(async () => await PositionAsync() == 2);

        _seen.Handled.Single().TenantId.ShouldBe("acme");
        await host.StopAsync();
    }

    [SkippableFact]
    public async Task Event_ConsumerNotThroughWhenTheHostEnds_ComesAgain()
    {
        _seen.Gate = new TaskCompletionSource();
        await ActAsync("acme");
        using (var host = await StartAsync())
        {
            await UntilAsync(() => Task.FromResult(_seen.Begun == 1));
            (await PositionAsync()).ShouldBe(0, "an event in memory is not delivered before it is consumed");
            _seen.Fails = true;
            await Task.WhenAll(host.StopAsync(), Task.Run(_seen.Gate.SetResult));
        }

        _seen.Fails = false;
        using var again = await StartAsync();

        await UntilAsync(async () => await PositionAsync() == 1);
        _seen.Handled.ShouldHaveSingleItem().By.ShouldBe("admin");
        await again.StopAsync();
    }

    [SkippableFact]
    public async Task Event_EveryField_ArrivesAsItWasSent()
    {
        await ActAsync("acme");
        using var host = await StartAsync();

        await UntilAsync(async () => await PositionAsync() == 1);

        var hash = await _database.ScalarAsync<byte[]>("SELECT hash FROM audit.entries");
        var at = await _database.ScalarAsync<DateTime>("SELECT at FROM audit.entries");
        _seen.Handled.Single().ShouldBe(new TenantResumed { Id = new Guid(hash.AsSpan(0, 16), bigEndian: true), OccurredAt = at, Sequence = 1, By = "admin", TenantId = "acme" });
        await host.StopAsync();
    }

    [SkippableFact]
    public async Task Event_ThatNoConsumerWants_IsNotSent()
    {
        await ActAsync("unwanted");
        using var host = await StartAsync();

        await UntilAsync(async () => await PositionAsync() == 1);

        _seen.Begun.ShouldBe(0);
        await host.StopAsync();
    }

    private async Task<IHost> StartAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.AddSingleton(TimeProvider.System).AddSingleton(_database.DataSource).AddSingleton(_seen);
        builder.Services.AddSingleton<IEventTranslator, Happened>();
        builder.Services.AddEvents([new EventConsumer("seen", typeof(SeenConsumer<>), [typeof(TenantResumed)], happened => happened.TenantId != "unwanted")]);
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    private Task ActAsync(string tenant) => new AuditLog(_database.DataSource).AppendAsync(Happened.To(tenant), default);

    private Task<long> PositionAsync() => _database.ScalarAsync<long>("SELECT position FROM events.relay");

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            patience.IsCancellationRequested.ShouldBeFalse("it did not happen in time");
            await Task.Delay(20, CancellationToken.None);
        }
    }

    internal sealed class Seen
    {
        private int _begun;

        public ConcurrentQueue<PlatformEvent> Handled { get; } = [];

        public TaskCompletionSource? Gate { get; set; }

        public volatile bool Fails;

        public int Begun => _begun;

        public void Begin() => Interlocked.Increment(ref _begun);
    }

    internal sealed class SeenConsumer<TEvent>(Seen seen) : IConsumer<TEvent> where TEvent : PlatformEvent
    {
        public async Task Consume(ConsumeContext<TEvent> context)
        {
            seen.Begin();
            if (seen.Gate is { } gate)
                await gate.Task;
            if (seen.Fails || context.Message.TenantId == "poison")
                throw new InvalidOperationException("can't be handled");
            seen.Handled.Enqueue(context.Message);
        }
    }
}
