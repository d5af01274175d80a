using System.Globalization;
using System.Text;
using IoTPlatform.Mqtt.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Mqtt.Tests.Broker;

/// <summary>A foreign client, unmodified, as docs/mqtt.md says to call it.</summary>
public sealed class MosquittoTests(BrokerHost host) : IClassFixture<BrokerHost>
{
    [SkippableTheory]
    [InlineData("mqttv311", 0)]
    [InlineData("mqttv311", 1)]
    [InlineData("mqttv311", 2)]
    [InlineData("mqttv5", 0)]
    [InlineData("mqttv5", 1)]
    [InlineData("mqttv5", 2)]
    public async Task Publish_IsStored(string version, int qos)
    {
        var name = $"{version}-{qos}";
        using var folder = new TempFolder();
        var result = await Tools.RunAsync(Requires.Tool("mosquitto_pub"), [.. Connection(folder, name, version), "-q", qos.ToString(CultureInfo.InvariantCulture), "-t", $"devices/{name}/telemetry", "-m", "{}"]);
        result.ExitCode.ShouldBe(0, result.Error);
        ((int)(await host.Store.FirstOfAsync(name)).QualityOfService).ShouldBe(qos);
    }

    [SkippableFact]
    public async Task Subscribe_GetsAMessage()
    {
        using var folder = new TempFolder();
        var waiting = Tools.RunAsync(Requires.Tool("mosquitto_sub"), [.. Connection(folder, "listener", "mqttv5"), "-q", "1", "-t", "devices/listener/commands/#", "-C", "1", "-v"]);
        var outcome = DeliveryOutcome.NotConnected;
        await Waiting.UntilAsync(() => host.Sessions.Connected.Contains("listener"));
        for (var i = 0; i < 100 && outcome != DeliveryOutcome.Delivered; i++)
        {
            outcome = await host.Sessions.SendAsync("listener", new OutboundMessage { Topic = "devices/listener/commands/1", Payload = Encoding.UTF8.GetBytes("go") }, default);
            await Task.Delay(20);
        }

        (await waiting).Output.Trim().ShouldBe("devices/listener/commands/1 go");
    }

    private string[] Connection(TempFolder folder, string name, string version)
    {
        File.WriteAllText(folder.Combine("client.pem"), host.ClientPem(name));
        File.WriteAllText(folder.Combine("root.pem"), host.RootPem);
        return
        [
            "-h", "localhost", "-p", host.Port.ToString(CultureInfo.InvariantCulture), "-V", version, "-i", name,
            "--cafile", folder.Combine("root.pem"), "--cert", folder.Combine("client.pem"), "--key", folder.Combine("client.pem"),
        ];
    }
}
