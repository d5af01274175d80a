using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Tenant.Tests.Support;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Tests.Mqtt;

/// <summary>A device without a certificate, over server-authenticated TLS, with its id and an enrolment token.</summary>
public sealed class EnrollmentOverMqttTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    [SkippableTheory]
    [InlineData(MqttProtocolVersion.V311)]
    [InlineData(MqttProtocolVersion.V500)]
    public async Task Enroll_WithAToken_ThenConnectPublishAndRenew(MqttProtocolVersion version)
    {
        var id = $"fresh-{(int)version}";
        using var device = new TestDevice(id);
        var token = await shared.TokenAsync(id);
        EnrollResponse enrolled;
        using (var client = await EnrollingAsync(id, token, version))
        {
            client.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.Success);
            enrolled = Answer(await AskAsync(client, $"devices/{id}/enroll", device.Request));
            // A lost answer is had again, and no second use is counted.
            Answer(await AskAsync(client, $"devices/{id}/enroll", device.Request)).Certificate.ShouldBe(enrolled.Certificate);
        }

        using var identity = device.Identity(enrolled);
        using var online = await MqttDevice.ConnectAsync(shared.Tenant, id, identity, version: version);
        await online.PublishAsync($"devices/{id}/telemetry", """{"t":1}""");
        (await shared.Admin.ListTelemetryAsync(id)).Items.Count.ShouldBe(1);
        device.NewKey();
        var renewed = Answer(await AskAsync(online, $"devices/{id}/renew", new RenewRequest { Csr = device.Csr }));
        using var next = device.Identity(renewed);
        next.SerialNumber.ShouldNotBe(identity.SerialNumber);
        using var again = await MqttDevice.ConnectAsync(shared.Tenant, id, next, version: version);
        again.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.Success);
    }

    [SkippableFact]
    public async Task Enroll_ResponseTopicAndCorrelationData_AreHonoured()
    {
        using var device = new TestDevice("correlated");
        using var client = await EnrollingAsync("correlated", await shared.TokenAsync("correlated"));
        var answers = await SubscribeAsync(client, "devices/correlated/enroll/response");
        var publish = await client.Mqtt.PublishAsync(Request("devices/correlated/enroll", device.Request).WithResponseTopic("devices/correlated/enroll/response").WithCorrelationData([7, 8]).Build());
        publish.ReasonCode.ShouldBe(MqttClientPublishReasonCode.Success);
        var answer = await answers.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        answer.CorrelationData.ShouldBe([7, 8]);
        answer.ContentType.ShouldBe("application/json");
    }

    [SkippableFact]
    public async Task Attack_ResponseTopicOfAnother_IsRefused_AndNothingIsSpent()
    {
        using var device = new TestDevice("redirect");
        using var client = await EnrollingAsync("redirect", await shared.TokenAsync("redirect"));
        (await client.Mqtt.PublishAsync(Request("devices/redirect/enroll", device.Request).WithResponseTopic("devices/other/enroll/response").Build()))
            .ReasonCode.ShouldBe(MqttClientPublishReasonCode.NotAuthorized);
        Answer(await AskAsync(client, "devices/redirect/enroll", device.Request)).DeviceId.ShouldBe("redirect");
    }

    [SkippableFact]
    public async Task Attack_Enrolling_MayDoNothingElse_AndDisturbsNobody()
    {
        using var device = new TestDevice("settled");
        var token = await shared.TokenAsync(uses: 5);
        var enrolled = await device.EnrollAsync(shared.Tenant, token);
        using var online = await MqttDevice.ConnectAsync(shared.Tenant, "settled", device.Identity(enrolled));
        using var attacker = await EnrollingAsync("settled", token);
        foreach (var topic in new[] { "devices/settled/telemetry", "telemetry/settled", "devices/settled/renew/request", "devices/other/enroll/request", "v1/devices/me/telemetry" })
        {
            (await attacker.PublishAsync(topic, "{}")).ReasonCode.ShouldBe(MqttClientPublishReasonCode.NotAuthorized, topic);
        }

        (await attacker.Mqtt.SubscribeAsync("devices/settled/commands/#")).Items.Single().ResultCode.ShouldBe(MqttClientSubscribeResultCode.NotAuthorized);
        // A fleet token gives an enrolled device no other key.
        device.NewKey();
        (await ProblemAsync(attacker, "devices/settled/enroll", device.Request)).Code.ShouldBe("device_exists");
        (await online.PublishAsync("devices/settled/telemetry", "{}")).ReasonCode.ShouldBe(MqttClientPublishReasonCode.Success);
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("iot-enroll-guess")]
    public async Task Attack_GuessedToken_IsRefusedAtConnect(string token)
    {
        using var client = await EnrollingAsync("guessed", token);
        client.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.NotAuthorized);
    }

    [SkippableFact]
    public async Task Attack_TokenOfAnotherDevice_IsRefusedAtConnect_AndThrottled()
    {
        var token = await shared.TokenAsync("owner");
        var results = new List<MqttClientConnectResultCode>();
        for (var i = 0; i < 8; i++)
        {
            using var client = await EnrollingAsync("thief", token);
            results.Add(client.Connected.ResultCode);
        }

        results[0].ShouldBe(MqttClientConnectResultCode.NotAuthorized);
        results[^1].ShouldBe(MqttClientConnectResultCode.ServerBusy);
    }

    [SkippableFact]
    public async Task Enroll_NoJson_IsAProblem()
    {
        using var client = await EnrollingAsync("sloppy", await shared.TokenAsync("sloppy"));
        var answers = await SubscribeAsync(client, "devices/sloppy/enroll/response");
        await client.PublishAsync("devices/sloppy/enroll/request", """{"csr":"a","csr":"b"}""");
        Problem(await answers.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20))).Code.ShouldBe("malformed_json");
    }

    private Task<MqttDevice> EnrollingAsync(string id, string token, MqttProtocolVersion version = MqttProtocolVersion.V500) =>
        MqttDevice.ConnectAsync(shared.Tenant, id, null, version: version, configure: options => options.WithCredentials(id, token));

    private static MqttApplicationMessageBuilder Request<T>(string topic, T body) => new MqttApplicationMessageBuilder().WithTopic(topic + "/request")
        .WithPayload(JsonSerializer.SerializeToUtf8Bytes(body, typeof(T), ContractsJson.Default)).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce);

    private static async Task<ChannelReader<MqttApplicationMessage>> SubscribeAsync(MqttDevice client, string filter)
    {
        var received = Channel.CreateUnbounded<MqttApplicationMessage>();
        client.Mqtt.ApplicationMessageReceivedAsync += args => received.Writer.WriteAsync(args.ApplicationMessage).AsTask();
        await client.Mqtt.SubscribeAsync(filter, MqttQualityOfServiceLevel.AtLeastOnce);
        return received.Reader;
    }

    private static async Task<MqttApplicationMessage> AskAsync<T>(MqttDevice client, string topic, T body)
    {
        var answers = await SubscribeAsync(client, topic + "/response");
        await client.Mqtt.PublishAsync(Request(topic, body).Build());
        return await answers.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static async Task<ApiProblem> ProblemAsync<T>(MqttDevice client, string topic, T body) => Problem(await AskAsync(client, topic, body));

    private static ApiProblem Problem(MqttApplicationMessage answer) => JsonSerializer.Deserialize(Encoding.UTF8.GetString(answer.Payload), ContractsJson.Default.ApiProblem)!;

    private static EnrollResponse Answer(MqttApplicationMessage answer)
    {
        var text = Encoding.UTF8.GetString(answer.Payload);
        text.ShouldContain("\"certificate\"");
        return JsonSerializer.Deserialize(text, ContractsJson.Default.EnrollResponse)!;
    }
}
