using System.Globalization;
using IoTPlatform.LocalServices;

namespace IoTPlatform.Iot;

/// <summary>A private RabbitMQ with the configuration that the platform ships, and its certificate from the demo's provider.</summary>
internal sealed class DemoRabbitMq : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly DemoFolder _folder;
    private readonly RabbitMqFolder _files;
    private readonly RabbitMqProgram _program;
    private readonly bool _keep;
    private readonly List<DemoService> _processes = [];

    private DemoRabbitMq(DemoFolder folder, RabbitMqFolder files, RabbitMqProgram program, bool keep)
    {
        _folder = folder;
        _files = files;
        _program = program;
        _keep = keep;
    }

    public IEnumerable<DemoService> Processes => _processes;

    public Uri ManagementUrl => _files.ManagementUrl;

    public Uri MqttUrl => new(string.Create(CultureInfo.InvariantCulture, $"mqtts://127.0.0.1:{_files.Ports.Mqtt}/"));

    /// <summary>The settings that make a provider use it and give tenants its addresses.</summary>
    public IReadOnlyDictionary<string, string?> ProviderSettings => new Dictionary<string, string?>(_files.ProviderSettings, StringComparer.Ordinal)
    {
        ["IOT_RABBITMQ_URL"] = _files.AmqpUrl.AbsoluteUri.TrimEnd('/'),
        ["IOT_RABBITMQ_MQTT_URL"] = MqttUrl.AbsoluteUri.TrimEnd('/'),
    };

    public static DemoRabbitMq Prepare(DemoFolder folder, bool keep)
    {
        var program = RabbitMqProgram.Installed ?? throw CliException.Failed("no_rabbitmq", "RabbitMQ is not installed; install it (Debian: apt-get install rabbitmq-server), or leave out --broker rabbitmq");
        var files = RabbitMqFolder.Create(folder.Create("rabbitmq"), RabbitMqPorts.Free(), Path.Combine(BuildOutput.RequireRepository(), "deploy", "rabbitmq"), major: program.Version.Major);
        return new DemoRabbitMq(folder, files, program, keep);
    }

    /// <summary>The provider runs already: it has written the broker's certificate.</summary>
    public async Task StartAsync(Uri provider, TimeProvider time, CancellationToken cancellationToken)
    {
        _files.Ask(provider);
        var epmd = DemoService.Start(_folder, "epmd", _files.Epmd(), _keep);
        _processes.Add(epmd);
        await epmd.WaitUntilAsync(limit => ListeningPort.IsOpenAsync(_files.Ports.Epmd, limit), Patience, time, cancellationToken);
        var broker = DemoService.Start(_folder, "rabbitmq", _files.Broker(_program), _keep);
        _processes.Add(broker);
        foreach (var port in new[] { _files.Ports.Management, _files.Ports.Amqp, _files.Ports.Mqtt })
        {
            await broker.WaitUntilAsync(limit => ListeningPort.IsOpenAsync(port, limit), Patience, time, cancellationToken);
        }
    }

    /// <summary>The broker first: it needs its port mapper until it has ended.</summary>
    public async Task StopAsync()
    {
        foreach (var process in Enumerable.Reverse(_processes))
        {
            await process.StopAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(_processes))
        {
            await process.DisposeAsync();
        }
    }
}
