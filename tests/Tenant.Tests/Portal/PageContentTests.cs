using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Tenant.Features.Devices;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Portal;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.Portal;

/// <summary>What the tenant's pages make of what they show.</summary>
public sealed class PageContentTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void LatestValues_AreTheNewestOfEachMember_AndCut()
    {
        var values = LatestValues.Of(
        [
            Message(0, """{"celsius":21.5}"""),
            Message(1, """{"celsius":20,"rpm":900,"nested":{"a":1}}"""),
            Message(2, "42"),
            Message(3, JsonSerializer.Serialize(new { note = new string('x', 79) + "👩🏽‍🚀" })),
        ]);

        values.Select(value => value.Name).ShouldBe(["celsius", "nested", "note", "rpm", "value"]);
        values.Single(value => value.Name == "celsius").ShouldBe(new LatestValue("celsius", "21.5", Now));
        values.Single(value => value.Name == "rpm").At.ShouldBe(Now.AddSeconds(-1));
        values.Single(value => value.Name == "value").Text.ShouldBe("42");
        values.Single(value => value.Name == "note").Text.ShouldBe(new string('x', 79) + "…", "no half of a character");
    }

    [Fact]
    public void LatestValues_OfAHostileMessage_AreFew() =>
        LatestValues.Of([Message(0, "{" + string.Join(',', Enumerable.Range(0, 1000).Select(i => $"\"m{i}\":{i}")) + "}")]).Count.ShouldBe(24);

    /// <summary>Rows of one name end a page.</summary>
    [Fact]
    public void LatestValues_WhoseNamesAreTheSameWhereTheyAreCut_AreOne()
    {
        var name = new string('n', 60);

        LatestValues.Of([Message(0, $$"""{"{{name}}1":1,"{{name}}2":2,"{{name}}":3}""")]).Select(value => (value.Name, value.Text)).ShouldBe([(name, "3"), (name + "…", "1")]);
    }

    [Fact]
    public void PresenceLine_IsColouredWhereTheDeviceWasConnected()
    {
        DevicePresenceView[] changes = [At(-6, online: true), At(-12, online: false), At(-48, online: true)];

        PresenceLine.Spans(changes, Now).ShouldBe([(0.75, 1.0), (0, 0.5)]);
        PresenceLine.Spans([At(1, online: true)], Now).ShouldBeEmpty("a clock that is ahead");
        PresenceLine.Spans([At(-30, online: false)], Now).ShouldBeEmpty();
    }

    [Fact]
    public void Lines_CarryTheTokenWhereItIsNeeded_AndTheQrCodeIsReadBack()
    {
        var token = new CreatedEnrollmentToken
        {
            Id = Guid.NewGuid(),
            Token = "iot-enroll-abc",
            DeviceId = "pump-1",
            Uses = 1,
            ExpiresAt = Now,
            TenantUrl = "https://tenant.example:9543/",
            RootFingerprint = new string('a', 64),
            TrustDomain = "acme.iot.example",
        };

        var lines = EnrolmentLines.Of(token, hasOtherBroker: false, mqttPort: null);

        EnrollmentText.TryRead(lines.Text, out var read).ShouldBeTrue();
        (read.Token, read.DeviceId, read.TenantUrl.AbsoluteUri).ShouldBe(("iot-enroll-abc", "pump-1", "https://tenant.example:9543/"));
        lines.EnvFile.ShouldContain("IOT_ENROLLMENT_TOKEN=iot-enroll-abc\n");
        lines.Curl.Split('\n').Where(line => line.Contains("iot-enroll-abc", StringComparison.Ordinal)).ShouldHaveSingleItem().ShouldStartWith("printf ", customMessage: "every process of a machine sees command lines");
        lines.Agent.ShouldNotContain("iot-enroll-abc");
        lines.Mosquitto.ShouldNotBeNull().ShouldContain("-h tenant.example -p 9543 --tls-alpn mqtt ");
        EnrolmentLines.Of(token, hasOtherBroker: false, mqttPort: 8883).Mosquitto.ShouldNotBeNull().ShouldContain("-p 8883 --cafile");
        EnrolmentLines.Of(token, hasOtherBroker: true, mqttPort: null).Mosquitto.ShouldBeNull();
    }

    [Theory]
    [InlineData(DeviceStatus.Enrolled, true, "never seen")]
    [InlineData(DeviceStatus.Enrolled, false, "unknown")]
    [InlineData(DeviceStatus.Held, false, "on hold")]
    [InlineData(DeviceStatus.Revoked, false, "revoked")]
    public void State_WhereConnectionsAreNotSeen_IsUnknown(DeviceStatus status, bool knowsPresence, string text)
    {
        DeviceWords.Text(DeviceWords.StateOf(status, presence: null, knowsPresence)).ShouldBe(text);
        DeviceWords.Filters(knowsPresence).Contains(DeviceFilter.NeverSeen).ShouldBe(knowsPresence);
    }

    [Theory]
    [InlineData("token:0199f1c2", "enrolment token 0199f1c2")]
    [InlineData("manufacturer:0123456789abcdef", "manufacturer certificate 0123456789ab…")]
    [InlineData("manufacturer:01", "manufacturer certificate 01…")]
    [InlineData(null, "–")]
    public void EnrolledBy_IsSaidInWords(string? by, string text) => DeviceWords.EnrolledBy(by).ShouldBe(text);

    private static TelemetryRecord Message(int secondsAgo, string payload) =>
        new() { DeviceId = "d", Topic = "telemetry/d", SentAt = Now.AddSeconds(-secondsAgo), ReceivedAt = Now, Payload = JsonElement.Parse(payload) };

    private static DevicePresenceView At(int hours, bool online) => new() { Online = online, Since = Now.AddHours(hours) };
}

public sealed class JoinStatusTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    [SkippableFact]
    public async Task Status_AfterTheFirstBoot_SaysWhatWasMissing_AndEveryCheckHasWords()
    {
        var status = await shared.Tenant.Service<JoinStatus>().ReadAsync(default);

        status.Steps.Select(step => step.Name).Except(JoinWords.Names).ShouldBeEmpty();
        JoinWords.Names.Except(status.Steps.Select(step => step.Name)).ShouldBeEmpty();
        status.Steps.Single(step => step.Name == "join").Missing.ShouldBe("not joined yet");
        status.Refusal.ShouldBeNull();
        status.ConfirmedAt.ShouldNotBeNull();
        status.SubCa.NotAfter.ShouldBeGreaterThan(TimeProvider.System.GetUtcNow());
    }
}
