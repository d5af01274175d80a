using System.Text;
using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Audit;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Tenant.Tests.Mqtt;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Tests.Enrollment;

/// <summary>Certificates that have ended: within the grace they renew, and nothing else.</summary>
public sealed class RenewalGraceTests(RenewalGraceTests.Fixture fixture) : IClassFixture<RenewalGraceTests.Fixture>
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);
    private static readonly TimeSpan Grace = TimeSpan.FromHours(2);

    [SkippableFact]
    public async Task Renew_WithinTheGrace_OverHttps_GetsANewCertificate_Audited()
    {
        using var device = await EnrolledAsync("late");
        using var at = fixture.At(Lifetime + Grace / 2);

        var renewed = await device.Device.RenewAsync(fixture.Tenant, device.Identity);

        renewed.NotAfter.ShouldBeGreaterThan(fixture.Now.AddHours(20));
        using var admin = await fixture.Tenant.AdminAsync();
        var entry = (await admin.ListAuditAsync(new AuditFilter { Subject = "late", Action = "device.renewed_after_expiry" })).Items.ShouldHaveSingleItem();
        entry.Actor.ShouldBe("device:late");
        using var next = device.Device.Identity(renewed);
        using var client = fixture.Tenant.Client(next);
        await client.PublishTelemetryAsync("late", JsonSerializer.SerializeToElement(new { t = 1 }));
    }

    [SkippableTheory]
    [InlineData(MqttProtocolVersion.V311)]
    [InlineData(MqttProtocolVersion.V500)]
    public async Task Renew_WithinTheGrace_OverMqtt_AndNothingElse(MqttProtocolVersion version)
    {
        var id = $"late-{(int)version}";
        using var device = await EnrolledAsync(id);
        using var at = fixture.At(Lifetime + Grace / 2);

        using (var client = await MqttDevice.ConnectAsync(fixture.Tenant, id, device.Identity, version: version))
        {
            client.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.Success);
            if (version == MqttProtocolVersion.V500)
            {
                foreach (var topic in new[] { $"devices/{id}/telemetry", $"devices/{id}/state", $"devices/{id}/enroll/request", $"commands/{id}/1/response", "devices/other/renew/request" })
                {
                    (await client.PublishAsync(topic, "{}")).ReasonCode.ShouldBe(MqttClientPublishReasonCode.NotAuthorized, topic);
                }
            }

            ((int)(await client.Mqtt.SubscribeAsync($"devices/{id}/commands/#")).Items.Single().ResultCode).ShouldBeGreaterThanOrEqualTo(0x80);
            await client.Mqtt.SubscribeAsync($"devices/{id}/renew/response", MqttQualityOfServiceLevel.AtLeastOnce);
            await client.PublishAsync($"devices/{id}/renew/request", "{}");
            var answer = JsonSerializer.Deserialize(Encoding.UTF8.GetString((await client.ReceiveAsync()).Payload), ContractsJson.Default.EnrollResponse)!;
            device.Answer = answer;
        }

        using var again = await MqttDevice.ConnectAsync(fixture.Tenant, id, device.Identity, version: version);
        (await again.PublishAsync($"devices/{id}/telemetry", """{"t":1}""")).IsSuccess.ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Attack_EverythingElse_WithAnEndedCertificate_IsRefused()
    {
        using var device = await EnrolledAsync("eager");
        using var at = fixture.At(Lifetime + Grace / 2);
        using var client = fixture.Tenant.Client(device.Identity);

        (await Should.ThrowAsync<ApiException>(() => client.PublishTelemetryAsync("eager", JsonSerializer.SerializeToElement(new { t = 1 })))).Status.ShouldBe(401);
        (await Should.ThrowAsync<ApiException>(() => client.RenewAsync("other", new RenewRequest()))).Code.ShouldBe("wrong_device");
        using var http = AnyServerHttp.Create(fixture.Tenant.Url, [fixture.Tenant.Authority.Chain.Root], device.Identity, TimeSpan.FromSeconds(20));
        ((int)(await http.PostAsync("renew", null)).StatusCode).ShouldBe(401, "step-ca's renewal");
    }

    [SkippableFact]
    public async Task Attack_AfterTheGrace_OrBeforeItsStart_IsRefused()
    {
        using var device = await EnrolledAsync("too-late");
        using (fixture.At(Lifetime + Grace + TimeSpan.FromMinutes(1)))
        {
            await Refused.WithAsync(401, "client_certificate_required", () => device.Device.RenewAsync(fixture.Tenant, device.Identity));
            using var client = await MqttDevice.ConnectAsync(fixture.Tenant, "too-late", device.Identity);
            client.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.NotAuthorized);
        }

        using (fixture.At(-Grace))
        {
            await Refused.WithAsync(401, "client_certificate_required", () => device.Device.RenewAsync(fixture.Tenant, device.Identity));
        }
    }

    [SkippableFact]
    public async Task Attack_RevokedDeviceOrCertificate_WithinTheGrace_IsRefused_OverItsOpenConnection_Too()
    {
        using var device = await EnrolledAsync("stolen");
        using var at = fixture.At(Lifetime + Grace / 2);
        using var open = await MqttDevice.ConnectAsync(fixture.Tenant, "stolen", device.Identity);
        open.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.Success);

        using var admin = await fixture.Tenant.AdminAsync();
        await admin.RevokeDeviceAsync("stolen", new RevokeRequest { ReasonCode = 1 });

        await open.Mqtt.SubscribeAsync("devices/stolen/renew/response", MqttQualityOfServiceLevel.AtLeastOnce);
        await open.PublishAsync("devices/stolen/renew/request", "{}");
        Encoding.UTF8.GetString((await open.ReceiveAsync()).Payload).ShouldContain("revoked");
        (await Should.ThrowAsync<ApiException>(() => device.Device.RenewAsync(fixture.Tenant, device.Identity))).Status.ShouldBeInRange(401, 403);
        using var again = await MqttDevice.ConnectAsync(fixture.Tenant, "stolen", device.Identity);
        again.Connected.ResultCode.ShouldBeOneOf(MqttClientConnectResultCode.Banned, MqttClientConnectResultCode.NotAuthorized);
    }

    /// <summary>A certificate that has ended is revoked by nothing that happens afterwards: its key is what was given up.</summary>
    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Attack_WithAKeyThatWasGivenUpAfterItsEnd_IsRefused(bool isReadmitted)
    {
        var id = isReadmitted ? "readmitted" : "replaced";
        using var stolen = await EnrolledAsync(id);
        using var at = fixture.At(Lifetime + Grace / 2);
        using var admin = await fixture.Tenant.AdminAsync();
        if (isReadmitted)
        {
            await admin.RevokeDeviceAsync(id, new RevokeRequest { ReasonCode = 1 });
        }

        using var replacement = await EnrolledAsync(id);

        (await Should.ThrowAsync<ApiException>(() => stolen.Device.RenewAsync(fixture.Tenant, stolen.Identity))).Code.ShouldBe("key_retired");
        using var next = new TestDevice(id);
        (await Should.ThrowAsync<ApiException>(() => stolen.Device.RenewAsync(fixture.Tenant, stolen.Identity, next.Csr))).Code.ShouldBe("key_retired");
        (await replacement.Device.RenewAsync(fixture.Tenant, replacement.Identity)).ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task Grace_AnEndedCertificate_DoesNotEndTheConnectionOfTheLaterOne()
    {
        using var device = await EnrolledAsync("both");
        using var at = fixture.At(Lifetime + Grace / 2);
        using var ended = device.Identity;
        device.Answer = await device.Device.RenewAsync(fixture.Tenant, ended);
        using var online = await MqttDevice.ConnectAsync(fixture.Tenant, "both", device.Identity);

        using var late = await MqttDevice.ConnectAsync(fixture.Tenant, "both", ended);

        late.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.Success);
        (await online.PublishAsync("devices/both/telemetry", """{"t":1}""")).IsSuccess.ShouldBeTrue();
    }

    private async Task<Enrolled> EnrolledAsync(string id)
    {
        var device = new TestDevice(id);
        using var admin = await fixture.Tenant.AdminAsync();
        var token = (await admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { DeviceId = id })).Token;
        return new Enrolled(device) { Answer = await device.EnrollAsync(fixture.Tenant, token) };
    }

    private sealed class Enrolled(TestDevice device) : IDisposable
    {
        public TestDevice Device => device;
        public required EnrollResponse Answer { get; set; }
        public System.Security.Cryptography.X509Certificates.X509Certificate2 Identity => device.Identity(Answer);

        public void Dispose() => device.Dispose();
    }

    /// <summary>A tenant with a grace, whose wall clock can be put ahead; timers run as ever.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        private readonly Clock _clock = new();

        internal TestTenant Tenant { get; private set; } = null!;

        public DateTimeOffset Now => _clock.GetUtcNow();

        public async Task InitializeAsync()
        {
            Tenant = await TestTenant.CreateAsync();
            (Tenant.DeviceLifetime, Tenant.DeviceRenewalGrace) = (Lifetime, Grace);
            await Tenant.BootAsync(time: _clock);
        }

        public async Task DisposeAsync() => await Tenant.DisposeAsync();

        internal IDisposable At(TimeSpan ahead)
        {
            _clock.Ahead = ahead;
            return _clock;
        }

        private sealed class Clock : TimeProvider, IDisposable
        {
            public TimeSpan Ahead { get; set; }

            public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;

            public void Dispose() => Ahead = TimeSpan.Zero;
        }
    }
}
