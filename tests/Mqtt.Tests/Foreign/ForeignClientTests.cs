using System.Globalization;
using System.Text;
using IoTPlatform.Mqtt.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Mqtt.Tests.Foreign;

/// <summary>Clients of others, unmodified: MQTT 3.1.1 and 5, over TCP and WebSocket, with a client certificate, each QoS, and a message to them.</summary>
public sealed class ForeignClientTests(BrokerHost host) : IClassFixture<BrokerHost>
{
    private static readonly string Scripts = Path.Combine(Tools.RepositoryRoot, "tests", "Mqtt.Tests", "Foreign");
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>For which a distribution's package is; another may come first on PATH.</summary>
    private const string SystemPython = "/usr/bin/python3";

    [SkippableFact]
    public async Task Paho_EveryVersionTransportAndQos()
    {
        var python = File.Exists(SystemPython) ? SystemPython : Requires.Tool("python3");
        Requires.That((await Tools.RunAsync(python, ["-c", "import paho.mqtt.client"])).ExitCode == 0, "python3-paho-mqtt is not installed");

        await ShouldServeAsync("paho", python, [Path.Combine(Scripts, "client.py")], workingDirectory: null);
    }

    /// <summary>Its packages come as the lock file names them, and run nothing while they are installed.</summary>
    [SkippableFact]
    public async Task NpmMqtt_EveryVersionTransportAndQos()
    {
        var npm = Requires.Tool("npm");
        var node = Requires.Tool("node");
        using var folder = new TempFolder();
        foreach (var file in new[] { "package.json", "package-lock.json", "client.mjs" })
        {
            File.Copy(Path.Combine(Scripts, file), folder.Combine(file));
        }

        (await Tools.RunAsync(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], workingDirectory: folder.Path, timeout: Patience)).EnsureSuccess();

        await ShouldServeAsync("npm", node, [folder.Combine("client.mjs")], folder.Path);
    }

    private async Task ShouldServeAsync(string name, string program, string[] script, string? workingDirectory)
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.Combine("client.pem"), host.ClientPem(name));
        await File.WriteAllTextAsync(folder.Combine("root.pem"), host.RootPem);

        var running = Tools.RunAsync(program, [.. script, name, folder.Path, Text(host.Port), Text(host.HttpsPort)], workingDirectory: workingDirectory, timeout: Patience);
        for (var number = 1; await Task.WhenAny(running, Task.Delay(50)) != running; number++)
        {
            // Whenever it has subscribed.
            _ = host.Sessions.SendAsync(name, new OutboundMessage { Topic = $"devices/{name}/commands/{number}", Payload = Encoding.UTF8.GetBytes("go") }, default);
        }

        var result = await running;
        result.ExitCode.ShouldBe(0, result.Error + result.Output);
        result.Output.ShouldContain("done");
        host.Store.Of(name).Select(message => (message.Topic, (int)message.QualityOfService)).ShouldBe(
            from version in new[] { "v311", "v5" } from transport in new[] { "tcp", "ws" } from qos in Enumerable.Range(0, 3) select ($"devices/{name}/telemetry/{version}-{transport}/{Text(qos)}", qos), ignoreOrder: true);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
