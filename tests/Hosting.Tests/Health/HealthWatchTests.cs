using IoTPlatform.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace IoTPlatform.Hosting.Tests.Health;

public sealed class HealthWatchTests
{
    [Fact]
    public async Task Since_IsWhenItChanged_NotWhenSomeoneAsked()
    {
        await using var nowhere = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Timeout=1");
        await using var services = new ServiceCollection().BuildServiceProvider();
        var time = new FakeTime();
        var broker = new Broker();
        var history = new HealthHistory(new DatabaseProbe(nowhere, services, time), [broker], time);
        await history.AskAsync(CancellationToken.None);
        await broker.AskedAsync();
        broker.Problem = new ProblemException(503, "broker_down", "The broker does not answer.");
        time.Advance(TimeSpan.FromSeconds(15));
        var changed = time.GetUtcNow();

        using var watch = new HealthWatch(history, time);
        await watch.StartAsync(CancellationToken.None);
        await broker.AskedAsync();
        await watch.StopAsync(CancellationToken.None);
        time.Advance(TimeSpan.FromHours(1));

        (await history.AskAsync(CancellationToken.None)).Single(part => part.Name == "broker").Since.ShouldBe(changed);
    }

    private sealed class Broker : IReadinessCheck
    {
        private readonly SemaphoreSlim _asked = new(0);

        public ProblemException? Problem { get; set; }

        public string State => "answers";

        public string Name
        {
            get
            {
                _asked.Release();
                return "broker";
            }
        }

        public async Task AskedAsync() => (await _asked.WaitAsync(TimeSpan.FromSeconds(10))).ShouldBeTrue();
    }
}
