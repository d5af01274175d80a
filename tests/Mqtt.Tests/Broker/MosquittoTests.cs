using System.Globalization;
using System.Text;
using IoTPlatform.Mqtt.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Mqtt.Tests.Broker;

/// <summary>A foreign client, unmodified, as docs/mqtt.md says to call it.</summary>
public sealed class MosquittoTests(BrokerHost host) : IClassFixture<BrokerHost>
{
    public static TheoryData<string, int> EachVersionAndQualityOfService => new()
    {
        { "mqttv311", 0 }, { "mqttv311", 1 }, { "mqttv311", 2 },
        { "mqttv5", 0 }, { "mqttv5", 1 }, { "mqttv5", 2 },
    };

    [SkippableTheory]
    [MemberData(nameof(EachVersionAndQualityOfService))]
    public async Task Publish_IsStored(string version, int qos)
    {
        var name = $"{version}-{qos}";
        using var folder = new TempFolder();
        var result = await Tools.RunAsync(Requires.Tool("mosquitto_pub"), [.. Connection(folder, name, version), "-q", qos.ToString(CultureInfo.InvariantCulture), "-t", $"devices/{name}/telemetry", "-m", "{}"]);
        result.ExitCode.ShouldBe(0, result.Error);
        ((int)(await host.Store.FirstOfAsync(name)).QualityOfService).ShouldBe(qos);
    }

    [SkippableTheory]
    [MemberData(nameof(EachVersionAndQualityOfService))]
    public async Task Subscribe_GetsAMessage(string version, int qos)
    {
        var name = $"listener-{version}-{qos}";
        using var folder = new TempFolder();
        var waiting = Tools.RunAsync(
            Requires.Tool("mosquitto_sub"), [.. Connection(folder, name, version), "-q", qos.ToString(CultureInfo.InvariantCulture), "-t", $"devices/{name}/commands/#", "-C", "1", "-F", "%t %p %q"]);
        var outcome = DeliveryOutcome.NotConnected;
        for (var i = 0; i < 1000 && outcome != DeliveryOutcome.Delivered; i++)
        {
            outcome = await host.Sessions.SendAsync(name, new OutboundMessage { Topic = $"devices/{name}/commands/1", Payload = Encoding.UTF8.GetBytes("go") }, default);
            await Task.Delay(20);
        }

        // The most that is granted is 1.
        (await waiting).Output.Trim().ShouldBe($"devices/{name}/commands/1 go {Math.Min(qos, 1)}");
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
