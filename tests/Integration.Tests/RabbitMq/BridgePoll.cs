using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.RabbitMq;
using IoTPlatform.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Integration.Tests.RabbitMq;

/// <summary>A provider's poll of bridges without the rest of the provider. Its clock advances only while a test waits.</summary>
internal sealed class BridgePoll : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private readonly FakeTime _time = new();
    private readonly LogCapture _log = new();
    private readonly IHost _host;
    private Counted? _counted;

    private BridgePoll(ProvisionerFixture fixture, string user, string password)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddProvider(_log);
        builder.Services.AddSingleton(fixture.Database.DataSource).AddSingleton<TimeProvider>(_time).AddProviderData()
            .AddConnectionPoll(
                new RabbitMqManagementOptions { Url = fixture.Broker.ManagementUrl, User = user, Password = password }, ProvisionerFixture.Verifier(File.ReadAllText(fixture.Broker.RootFile)))
            .AddSingleton<BridgePresence>().AddSingleton<IConnectionWatcher>(provider => _counted = new Counted(provider.GetRequiredService<BridgePresence>()));
        _host = builder.Build();
    }

    public IReadOnlyList<string> Warnings => [.. _log.Text.Split('\n').Where(line => line.Contains("can't be told at the moment", StringComparison.Ordinal))];

    /// <summary>How often the broker's answer was worked through.</summary>
    public int Looks => _counted?.Looks ?? 0;

    /// <param name="user">With its password; null: the administrator.</param>
    public static async Task<BridgePoll> StartAsync(ProvisionerFixture fixture, (string Name, string Password)? user = null)
    {
        var poll = new BridgePoll(fixture, user?.Name ?? fixture.Broker.User, user?.Password ?? fixture.Broker.Password);
        await poll._host.StartAsync();
        return poll;
    }

    public async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            patience.IsCancellationRequested.ShouldBeFalse("it did not happen in time:\n" + string.Join('\n', Warnings));
            _time.Advance(Interval);
            await Task.Delay(50, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private sealed class Counted(IConnectionWatcher inner) : IConnectionWatcher
    {
        private int _looks;

        public int Looks => Volatile.Read(ref _looks);

        public async Task ReconcileAsync(IReadOnlyList<BrokerConnection> connections, CancellationToken cancellationToken)
        {
            await inner.ReconcileAsync(connections, cancellationToken);
            Interlocked.Increment(ref _looks);
        }
    }
}
