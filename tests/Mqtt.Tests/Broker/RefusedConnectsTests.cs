using IoTPlatform.Mqtt.Tests.Support;
using MQTTnet;
using MQTTnet.Protocol;

namespace IoTPlatform.Mqtt.Tests.Broker;

public sealed class RefusedConnectsTests(BrokerHost host) : IClassFixture<BrokerHost>
{
    private const int AtOnce = 50;

    [Fact]
    public async Task RefusedConnects_OfOneAddress_AreLimited_AndAGoodClientThereIsNot()
    {
        using var _ = host.Clock.Stop();
        var refusals = new List<byte>();
        for (var i = 0; i < AtOnce + 3; i++)
        {
            using var stranger = await RawClient.OpenAsync(host, null);
            await stranger.SendAsync(RawClient.Connect("guessing"));
            refusals.Add((await stranger.ReadAsync())!.Value.Body[1]);
        }

        refusals[..AtOnce].ShouldAllBe(code => code == (byte)MqttConnectReasonCode.NotAuthorized);
        refusals[AtOnce..].ShouldAllBe(code => code == (byte)MqttConnectReasonCode.ConnectionRateExceeded);
        using var good = await Client.ConnectAsync(host, "good");
        good.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.Success);
    }
}
