using System.Globalization;
using System.Net;
using System.Net.Sockets;
using IoTPlatform.LocalServices;

namespace IoTPlatform.Iot;

/// <summary>A private RabbitMQ with the configuration that the platform ships, and its certificate from the demo's provider.</summary>
internal sealed class DemoRabbitMq : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly DemoFolder folder;
    private readonly RabbitMqFolder files;
    private readonly RabbitMqProgram program;
    private readonly bool keep;
    private readonly List<DemoService> processes = [];

    private DemoRabbitMq(DemoFolder folder, RabbitMqFolder files, RabbitMqProgram program, bool keep)
    {
        this.folder = folder;
        this.files = files;
        this.program = program;
        this.keep = keep;
    }

    public IEnumerable<DemoService> Processes => processes;

    public Uri ManagementUrl => files.ManagementUrl;

    public Uri MqttUrl => new(string.Create(CultureInfo.InvariantCulture, $"mqtts://127.0.0.1:{files.Ports.Mqtt}/"));

    /// <summary>What makes a provider use it, and tell tenants its addresses.</summary>
    public IReadOnlyDictionary<string, string?> ProviderSettings => new Dictionary<string, string?>(files.ProviderSettings, StringComparer.Ordinal)
    {
        ["IOT_RABBITMQ_URL"] = files.AmqpUrl.AbsoluteUri.TrimEnd('/'),
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
        files.Ask(provider);
        processes.Add(DemoService.Start(folder, "epmd", files.Epmd(), keep));
        var broker = DemoService.Start(folder, "rabbitmq", files.Broker(program), keep);
        processes.Add(broker);
        foreach (var port in new[] { files.Ports.Management, files.Ports.Amqp, files.Ports.Mqtt })
        {
            await broker.WaitUntilAsync(limit => ListensAsync(port, limit), Patience, time, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(processes))
        {
            await process.DisposeAsync();
        }
    }

    private static async Task<bool> ListensAsync(int port, CancellationToken cancellationToken)
    {
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
