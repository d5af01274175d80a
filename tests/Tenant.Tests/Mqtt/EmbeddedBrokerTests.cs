using System.Diagnostics;
using System.Globalization;
using System.Text;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Identity;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Tests.Mqtt;

/// <summary>A tenant without a RabbitMQ answers MQTT by itself.</summary>
public sealed class EmbeddedBrokerTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    [SkippableTheory]
    [InlineData("plain", "devices/plain/telemetry/x", "telemetry/plain/x")]
    [InlineData("dotted.1", "devices/dotted.1/telemetry", "telemetry/dotted:1")]
    [InlineData("canonical", "events/canonical/door", "events/canonical/door")]
    [InlineData("things", "v1/devices/me/telemetry", "telemetry/things")]
    public async Task Publish_IsStoredBeforeItIsAcknowledged(string id, string topic, string stored)
    {
        using var device = await EnrolledAsync(id);
        using var client = await device.ConnectAsync();
        (await client.PublishAsync(topic, """{"t":21.5}""")).ReasonCode.ShouldBe(MqttClientPublishReasonCode.Success);
        var message = (await shared.Admin.ListTelemetryAsync(id)).Items.Single();
        (message.Topic, message.Payload.GetProperty("t").GetDouble()).ShouldBe((stored, 21.5));
    }

    [SkippableFact]
    public async Task State_IsTheLastOne()
    {
        using var device = await EnrolledAsync("stateful");
        using var client = await device.ConnectAsync(version: MqttProtocolVersion.V311);
        await client.PublishAsync("v1/devices/me/attributes", """{"fw":"1.0"}""");
        await client.PublishAsync("devices/stateful/state", """{"fw":"1.1"}""", MqttQualityOfServiceLevel.ExactlyOnce);
        (await shared.Admin.GetDeviceStateAsync("stateful")).Payload.GetProperty("fw").GetString().ShouldBe("1.1");
    }

    [SkippableFact]
    public async Task Payload_ThatCannotBeStored_HasAReason_AndItsNeighboursAreStored()
    {
        using var device = await EnrolledAsync("wrong");
        using var client = await device.ConnectAsync();
        var results = await Task.WhenAll(
            client.PublishAsync("devices/wrong/telemetry", """{"n":1}"""), client.PublishAsync("devices/wrong/telemetry", "[1]"), client.PublishAsync("devices/wrong/telemetry", """{"n":2}"""));
        results.Select(r => (r.ReasonCode, (string?)r.ReasonString)).ShouldBe(
            [(MqttClientPublishReasonCode.Success, null), (MqttClientPublishReasonCode.PayloadFormatInvalid, "not_an_object"), (MqttClientPublishReasonCode.Success, null)]);
        (await shared.Admin.ListTelemetryAsync("wrong")).Items.Count.ShouldBe(2);
    }

    [SkippableFact]
    public async Task Statistics_AreForOperators_WithTheTokenThatOpensTheApi()
    {
        using var device = await EnrolledAsync("watched");
        using var client = await device.ConnectAsync();
        using var reader = await ReaderAsync(Roles.Operator);
        reader.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.Success);
        (await reader.Mqtt.SubscribeAsync("$SYS/broker/clients/connected")).Items.Single().ResultCode.ShouldBe(MqttClientSubscribeResultCode.GrantedQoS0);

        int.Parse(Encoding.UTF8.GetString((await reader.ReceiveAsync()).Payload), CultureInfo.InvariantCulture).ShouldBeGreaterThanOrEqualTo(2);

        (await reader.Mqtt.SubscribeAsync("telemetry/#")).Items.Single().ResultCode.ShouldBe(MqttClientSubscribeResultCode.NotAuthorized);
        using var viewer = await ReaderAsync(Roles.Viewer);
        viewer.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.NotAuthorized);
        var enrollment = await shared.TokenAsync("watched");
        using var forged = await MqttDevice.ConnectAsync(shared.Tenant, "dashboard", null, configure: options => options.WithCredentials("$SYS", enrollment));
        forged.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.NotAuthorized);
    }

    [SkippableFact]
    public async Task Presence_FollowsTheSession()
    {
        using var device = await EnrolledAsync("present");
        var client = await device.ConnectAsync();
        await UntilAsync(async () => (await shared.Admin.GetDeviceAsync("present")).Presence is { Online: true });
        client.Dispose();
        await UntilAsync(async () => (await shared.Admin.GetDeviceAsync("present")).Presence is { Online: false });
    }

    [SkippableFact]
    public async Task Revocation_EndsTheSession_AndRefusesTheNext_WithinASecond()
    {
        using var device = await EnrolledAsync("stolen");
        using var client = await device.ConnectAsync();
        await shared.Admin.RevokeDeviceAsync("stolen", new RevokeRequest { ReasonCode = 1, Reason = "stolen" });
        var revoked = Stopwatch.GetTimestamp();
        var end = await client.Ended;
        Stopwatch.GetElapsedTime(revoked).ShouldBeLessThan(TimeSpan.FromSeconds(1));
        end.ReasonString.ShouldBe("The certificate was revoked.");
        using var again = await device.ConnectAsync();
        again.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.Banned);
    }

    [SkippableFact]
    public async Task ServiceCertificate_Renewed_LeavesSessionsAsTheyAre()
    {
        using var device = await EnrolledAsync("steady");
        using var client = await device.ConnectAsync();
        var service = shared.Tenant.Service<CertificateAuthorityModule>().ServiceCertificate;
        var before = service.Current.SerialNumber;

        await service.RenewAsync(CancellationToken.None);

        service.Current.SerialNumber.ShouldNotBe(before);
        (await client.PublishAsync("devices/steady/telemetry", "{}")).IsSuccess.ShouldBeTrue();
        client.Mqtt.IsConnected.ShouldBeTrue();
        using var other = await EnrolledAsync("later");
        using var next = await other.ConnectAsync();
        next.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.Success);
    }

    [SkippableFact]
    public async Task EnrolledAnew_TheOldKeysSessionEnds_AndTheNewOnesIsLetIn()
    {
        using var device = await EnrolledAsync("replaced");
        using var client = await device.ConnectAsync();
        using var anew = await EnrolledAsync("replaced");
        await client.Ended;
        using var again = await anew.ConnectAsync();
        again.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.Success);
    }

    [SkippableTheory]
    [InlineData(MqttProtocolVersion.V311)]
    [InlineData(MqttProtocolVersion.V500)]
    public async Task Attack_ClientIdOfAnotherDevice_IsRefused(MqttProtocolVersion version)
    {
        using var device = await EnrolledAsync("honest");
        using var client = await device.ConnectAsync("other", version);
        client.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.ClientIdentifierNotValid);
    }

    [SkippableFact]
    public async Task Attack_NoCertificateOrAnotherAuthoritys_IsRefused()
    {
        using var none = await MqttDevice.ConnectAsync(shared.Tenant, "plain", null);
        none.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.NotAuthorized);
        using var authority = new ThrowAwayCa();
        var pem = authority.Client("plain");
        using var certificate = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(pem, pem);
        using var foreign = await MqttDevice.ConnectAsync(shared.Tenant, "plain", certificate, authority.IntermediatePem);
        foreign.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.NotAuthorized);
    }

    [SkippableFact]
    public async Task Attack_DeviceOfAnotherTenant_IsRefused()
    {
        await using var other = await TestTenant.StartAsync();
        using var admin = await other.AdminAsync();
        using var device = new TestDevice("visitor");
        var answer = await device.EnrollAsync(other, (await admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { DeviceId = "visitor" })).Token);
        using var own = await EnrolledAsync("visitor");
        using var client = await MqttDevice.ConnectAsync(shared.Tenant, "visitor", device.Identity(answer), answer.CaChain);
        client.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.NotAuthorized);
    }

    [SkippableFact]
    public async Task Attack_AnythingOfAnotherDevice_IsRefused()
    {
        using var device = await EnrolledAsync("nosy");
        using var client = await device.ConnectAsync();
        foreach (var topic in new[] { "devices/plain/telemetry", "telemetry/plain", "status/plain", "commands/nosy/1", "devices/nosy/commands/1" })
        {
            (await client.PublishAsync(topic, "{}")).ReasonCode.ShouldBe(MqttClientPublishReasonCode.NotAuthorized, topic);
        }

        foreach (var filter in new[] { "#", "+/plain/#", "devices/+/commands/#", "devices/plain/commands/#", "devices/nosy/telemetry", "$SYS/#" })
        {
            (await client.Mqtt.SubscribeAsync(filter)).Items.Single().ResultCode.ShouldBe(MqttClientSubscribeResultCode.NotAuthorized, filter);
        }

        (await client.Mqtt.SubscribeAsync("devices/nosy/commands/#")).Items.Single().ResultCode.ShouldBe(MqttClientSubscribeResultCode.GrantedQoS0);
    }

    private Task<MqttDevice> ReaderAsync(string role) => MqttDevice.ConnectAsync(
        shared.Tenant, "dashboard", null, configure: options => options.WithCredentials("$SYS", IssuedToken.Of(shared.Tenant.Running!.Services, "ann", role)));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(20));
            await Task.Delay(50);
        }
    }

    private Task<EnrolledDevice> EnrolledAsync(string id) => EnrolledDevice.EnrollAsync(shared, id);
}
