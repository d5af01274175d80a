using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Events;

/// <summary>Events that a tenant publishes of its own stack, and forged ones.</summary>
public sealed class ForwardingTests(ForwardingFixture fixture) : IClassFixture<ForwardingFixture>
{
    private const string Path = $"portal/admin/tenants/{ForwardingFixture.Tenant}/events";

    private static int Devices;
    private readonly RunningProvider _provider = fixture.Provider;
    private readonly string _device = $"sensor-{Interlocked.Increment(ref Devices)}";

    private DateTimeOffset Now => _provider.Time.GetUtcNow();

    [SkippableFact]
    public async Task Events_OfOwnStack_ArePublishedInTheTenantsNameAndOrder()
    {
        (await SendAsync(Enrolled(1), Issued(2), Enrolled(3))).Status.ShouldBe(HttpStatusCode.NoContent);

        var published = Published();
        published.Select(e => (e.Type, e.Sequence)).ShouldBe([(DeviceEnrolled.Name, 1), (CertificateIssued.Name, 2), (DeviceEnrolled.Name, 3)]);
        published.ShouldAllBe(e => e.TenantId == ForwardingFixture.Tenant && e.Source == ForwardingFixture.Tenant && e.By == "token:1" && e.OccurredAt == Now);
    }

    [SkippableFact]
    public async Task Subscriptions_OfTheBus_AreThoseATenantCanSend()
    {
        var all = fixture.Bus.Subscribed;
        fixture.Bus.Subscribed = new HashSet<string> { DeviceEnrolled.Name, TenantRemoved.Name, "platform.event" };
        try
        {
            (await fixture.Bridge.GetAsync(Path + "/subscriptions")).Body.ShouldBe($$"""{"types":["{{DeviceEnrolled.Name}}"]}""");
        }
        finally
        {
            fixture.Bus.Subscribed = all;
        }

        (await fixture.Bridge.GetAsync($"portal/admin/tenants/{ForwardingFixture.Other}/events/subscriptions")).ShouldBe(HttpStatusCode.Forbidden, "not_this_tenant");
        (await _provider.Anonymous().GetAsync(Path + "/subscriptions")).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableFact]
    public async Task Events_SentAgain_HaveTheirIdsAgainAndNoOtherTenants()
    {
        var again = Enrolled(1);
        await SendAsync(again);
        await SendAsync(again);
        (await SendAsync(fixture.OtherBridge, ForwardingFixture.Other, again)).Status.ShouldBe(HttpStatusCode.NoContent);

        var own = Published().Select(e => e.Id).ToList();
        own.Count.ShouldBe(2);
        own.Distinct().ShouldHaveSingleItem().ShouldNotBe((Guid)again["id"]!, "who knows another's event id must not use it up");
        fixture.Bus.From(ForwardingFixture.Other).OfType<DeviceEnrolled>().Single(e => e.DeviceId == _device).Id.ShouldNotBe(own[0]);
    }

    [SkippableFact]
    public async Task Events_OfUnknownType_ArePassedOverBecauseTheTenantMayBeNewer()
    {
        (await SendAsync(Enrolled(1), With(Enrolled(2), "type", "device.teleported"), With(Enrolled(3), "type", "gateway.moved"))).Status.ShouldBe(HttpStatusCode.NoContent);

        Published().ShouldHaveSingleItem().Sequence.ShouldBe(1);
    }

    [SkippableTheory]
    [InlineData(TenantRemoved.Name)]
    [InlineData(TenantSuspended.Name)]
    [InlineData("tenant.unheard-of")]
    [InlineData(BridgeUp.Name)]
    [InlineData("platform.event")]
    public async Task Events_OnlyTheProviderMayPublish_RefuseTheWholeBatch(string type)
    {
        (await SendAsync(Enrolled(1), With(Enrolled(2), "type", type))).ShouldBe(HttpStatusCode.BadRequest, "event_type_forbidden");

        Published().ShouldBeEmpty();
    }

    [SkippableTheory]
    [InlineData("tenant_id", ForwardingFixture.Other)]
    [InlineData("source", ForwardingFixture.Other)]
    [InlineData("source", "")]
    public async Task Events_InAnotherTenantsName_RefuseTheWholeBatch(string member, string value)
    {
        (await SendAsync(Enrolled(1), With(Enrolled(2), member, value))).ShouldBe(HttpStatusCode.BadRequest, "event_of_other_tenant");

        Published().ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Events_ToAnotherTenantsPath_AreRefused()
    {
        (await SendAsync(fixture.Bridge, ForwardingFixture.Other, Enrolled(1))).ShouldBe(HttpStatusCode.Forbidden, "not_this_tenant");

        fixture.Bus.From(ForwardingFixture.Other).OfType<DeviceEnrolled>().ShouldNotContain(e => e.DeviceId == _device);
    }

    [SkippableFact]
    public async Task Events_WithoutACertificate_AreRefused()
    {
        (await SendAsync(_provider.Anonymous(), ForwardingFixture.Tenant, Enrolled(1))).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await SendAsync(await _provider.AdminAsync(), ForwardingFixture.Tenant, Enrolled(1))).Status.ShouldBe(HttpStatusCode.Unauthorized, "an admin is no tenant");

        Published().ShouldBeEmpty();
    }

    [SkippableTheory]
    [InlineData(ForwardingFixture.Tenant)]
    [InlineData(ForwardingFixture.Other)]
    public async Task Events_WithWhatTheSubCaSigned_AreRefused(string victim)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(fixture.Bundle.SignedCert + fixture.Bundle.CaChain);
        using var signed = fixture.Keys.Sign(fixture.Bundle, $"{victim}-mqtt-bridge", san => san.AddUri(new Uri($"spiffe://{victim}.iot.example/mqtt-bridge")));
        using var forged = fixture.Keys.Forge(_provider.Authority.Chain.Issuer, $"{victim}-mqtt-bridge", san => san.AddUri(new Uri($"spiffe://{victim}.iot.example/mqtt-bridge")));

        (await SendAsync(_provider.Anonymous(signed, chain), victim, Enrolled(1))).Status.ShouldBeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden);
        (await SendAsync(_provider.Anonymous(forged), victim, Enrolled(1))).Status.ShouldBe(HttpStatusCode.Unauthorized);

        fixture.Bus.From(victim).OfType<DeviceEnrolled>().ShouldNotContain(e => e.DeviceId == _device);
    }

    [SkippableTheory]
    [InlineData("device_id", "Sensor")]
    [InlineData("device_id", "a/../b")]
    [InlineData("device_id", "a\0b")]
    [InlineData("device_id", null)]
    [InlineData("by", "")]
    [InlineData("by", null)]
    [InlineData("by", "admin\nforged log line")]
    [InlineData("by", "NUL\0")]
    [InlineData("by", "\u001b[2J")]
    [InlineData("by", "\u009b1m")]
    [InlineData("sequence", 0)]
    [InlineData("sequence", -1)]
    [InlineData("sequence", "1")]
    [InlineData("id", "not a guid")]
    [InlineData("occurred_at", "yesterday")]
    [InlineData("occurred_at", "9999-12-31T23:59:59+00:00")]
    [InlineData("occurred_at", "0001-01-01T00:00:00+00:00")]
    [InlineData("type", null)]
    [InlineData("type", 7)]
    public async Task Device_WithABadMember_RefusesTheWholeBatch(string member, object? value)
    {
        (await SendAsync(Enrolled(1), With(Enrolled(2), member, value))).ShouldBe(HttpStatusCode.BadRequest, "event_invalid");

        Published().ShouldBeEmpty();
    }

    [SkippableTheory]
    [InlineData("serial", "0a")]
    [InlineData("serial", "")]
    [InlineData("serial", "00000000000000000000000000000000000000001")]
    [InlineData("subject", "a\u0007b")]
    [InlineData("profile", "")]
    [InlineData("issuer", null)]
    [InlineData("not_after", "2000-01-01T00:00:00+00:00")]
    public async Task Certificate_WithABadMember_RefusesTheWholeBatch(string member, object? value)
    {
        var bad = Issued(2);
        bad["certificate"] = With(bad["certificate"]!.AsObject(), member, value);

        (await SendAsync(Enrolled(1), bad)).ShouldBe(HttpStatusCode.BadRequest, "event_invalid");

        Published().ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Certificate_OfOtherShapes_AreHeldToTheirOwnMembers()
    {
        (await SendAsync(With(Issued(1), "type", CertificateRenewed.Name))).ShouldBe(HttpStatusCode.BadRequest, "event_invalid");
        (await SendAsync(With(With(Issued(1), "type", CertificateRenewed.Name), "renewed_serial", "x"))).ShouldBe(HttpStatusCode.BadRequest, "event_invalid");
        (await SendAsync(With(With(Issued(1), "type", CertificateRevoked.Name), "reason_code", 7))).ShouldBe(HttpStatusCode.BadRequest, "event_invalid");
        (await SendAsync(With(Issued(1), "certificate", null))).ShouldBe(HttpStatusCode.BadRequest, "event_invalid");

        (await SendAsync(
            With(With(Issued(1), "type", CertificateRenewed.Name), "renewed_serial", "0B"), With(With(Issued(2), "type", CertificateRevoked.Name), "reason_code", 4),
            With(Issued(3), "type", CertificateExpiring.Name))).Status.ShouldBe(HttpStatusCode.NoContent);
        Published().Count.ShouldBe(3);
    }

    [SkippableFact]
    public async Task Text_OfAnyLength_IsBounded()
    {
        (await SendAsync(With(Enrolled(1), "by", new string('a', 256)))).Status.ShouldBe(HttpStatusCode.NoContent);
        (await SendAsync(With(Enrolled(2), "by", new string('a', 257)))).ShouldBe(HttpStatusCode.BadRequest, "event_invalid");
        (await SendAsync(With(Enrolled(3), "device_id", new string('a', 65)))).ShouldBe(HttpStatusCode.BadRequest, "event_invalid");
    }

    [SkippableTheory]
    [InlineData("{}", "malformed_json")]
    [InlineData("[]", "malformed_json")]
    [InlineData("null", "malformed_json")]
    [InlineData("{\"events\":", "malformed_json")]
    [InlineData("{\"events\":[],\"events\":[]}", "malformed_json")]
    [InlineData("{\"events\":[{\"type\":\"device.enrolled\",\"type\":\"tenant.removed\"}]}", "malformed_json")]
    [InlineData("{\"events\":null}", "event_count")]
    [InlineData("{\"events\":[]}", "event_count")]
    [InlineData("{\"events\":[null]}", "event_invalid")]
    [InlineData("{\"events\":[[1]]}", "event_invalid")]
    [InlineData("{\"events\":[{\"type\":\"\\ud800\"}]}", "event_invalid")]
    [InlineData("{\"\\ud800\":1,\"events\":[]}", "malformed_json")]
    [InlineData("{\"events\":[{\"\\ud800\":1,\"type\":\"device.enrolled\"}]}", "malformed_json")]
    public async Task Body_ThatIsNoBatch_IsRefused(string body, string code) =>
        (await fixture.Bridge.PostJsonAsync(Path, body)).ShouldBe(HttpStatusCode.BadRequest, code);

    [SkippableTheory]
    [InlineData("text/plain", HttpStatusCode.UnsupportedMediaType, "unsupported_media_type")]
    [InlineData("application/json; charset=klingon", HttpStatusCode.BadRequest, "malformed_json")]
    public async Task Body_OfAnotherKind_IsRefused(string contentType, HttpStatusCode status, string code) =>
        (await fixture.Bridge.PostAsync(Path, Body([Enrolled(1)]), contentType)).ShouldBe(status, code);

    [SkippableFact]
    public async Task Body_WithHalfASurrogatePair_IsRefused()
    {
        var body = Body([Enrolled(1)]).Replace("token:1", "token:\\udc00", StringComparison.Ordinal);

        (await fixture.Bridge.PostJsonAsync(Path, body)).ShouldBe(HttpStatusCode.BadRequest, "event_invalid");
    }

    [SkippableTheory]
    [InlineData(20)]
    [InlineData(100_000)]
    public async Task Body_NestedDeeply_IsRefused(int depth)
    {
        var nested = new StringBuilder().Insert(0, "[", depth).Append(']', depth);

        (await fixture.Bridge.PostJsonAsync(Path, $"{{\"events\":[{{\"type\":\"device.enrolled\",\"more\":{nested}}}]}}")).ShouldBe(HttpStatusCode.BadRequest, "malformed_json");
    }

    [SkippableFact]
    public async Task Body_ThatIsTooMuch_IsRefused()
    {
        (await SendAsync([.. Enumerable.Range(1, 501).Select(Enrolled)])).ShouldBe(HttpStatusCode.BadRequest, "event_count");
        (await SendAsync(With(Enrolled(1), "more", new string('x', ForwardedEvents.MaxBytes)))).Status.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        Published().ShouldBeEmpty();

        (await SendAsync([.. Enumerable.Range(1, 500).Select(Enrolled)])).Status.ShouldBe(HttpStatusCode.NoContent);
        Published().Count.ShouldBe(500);
    }

    [SkippableFact]
    public async Task Tenant_Suspended_IsNotHeardUntilItIsResumed()
    {
        var admin = await _provider.AdminAsync();
        await admin.PostJsonAsync($"portal/admin/tenants/{ForwardingFixture.Tenant}/suspend", """{"reason":"unpaid"}""");

        (await SendAsync(Enrolled(1))).ShouldBe(HttpStatusCode.Forbidden, "tenant_suspended");
        Published().ShouldBeEmpty();

        await admin.PostAsync($"portal/admin/tenants/{ForwardingFixture.Tenant}/resume");
        (await SendAsync(Enrolled(1))).Status.ShouldBe(HttpStatusCode.NoContent);
    }

    [SkippableFact]
    public async Task Tenant_Removed_IsNotHeard()
    {
        using var keys = new HostileTenant();
        var bundle = await fixture.JoinAsync("leaver", keys);
        using var certificate = keys.WithBridgeKey(bundle.MqttBridgeCert);
        (await (await _provider.AdminAsync()).DeleteAsync("portal/admin/tenants/leaver")).Status.ShouldBe(HttpStatusCode.NoContent);

        (await SendAsync(_provider.Anonymous(certificate), "leaver", Enrolled(1))).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableFact]
    public async Task Bus_Away_Answers503AndWhenToTryAgain()
    {
        fixture.Bus.IsReady = false;
        var notReady = await SendAsync(Enrolled(1));
        fixture.Bus.IsReady = true;
        fixture.Bus.Before = () => throw new IOException("the connection broke");
        var broken = await SendAsync(Enrolled(1));
        fixture.Bus.Before = () => Task.CompletedTask;

        foreach (var answer in new[] { notReady, broken })
        {
            answer.ShouldBe(HttpStatusCode.ServiceUnavailable, "dependency_unavailable");
            answer.RetryAfter.ShouldNotBeNull();
        }

        Published().ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Batch_WhileAnotherIsUnderWay_HasToWait()
    {
        var entered = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        fixture.Bus.Before = () =>
        {
            entered.TrySetResult();
            return gate.Task;
        };
        var first = SendAsync(Enrolled(1));
        await entered.Task.WaitAsync(TimeSpan.FromSeconds(30));

        var second = await SendAsync(Enrolled(2));

        second.ShouldBe(HttpStatusCode.TooManyRequests, "events_under_way");
        second.RetryAfter.ShouldNotBeNull();
        fixture.Bus.Before = () => Task.CompletedTask;
        gate.SetResult();
        (await first).Status.ShouldBe(HttpStatusCode.NoContent);
        (await SendAsync(Enrolled(2))).Status.ShouldBe(HttpStatusCode.NoContent);
    }

    private IReadOnlyList<PlatformEvent> Published() =>
        [.. fixture.Bus.From(ForwardingFixture.Tenant).Where(e => e is DeviceEvent { DeviceId: var device } && device == _device || e is CertificateEvent { Certificate.Subject: var subject } && subject == _device)];

    private Task<Answer> SendAsync(params JsonObject[] events) => SendAsync(fixture.Bridge, ForwardingFixture.Tenant, events);

    private static Task<Answer> SendAsync(ApiCaller caller, string tenantId, params JsonObject[] events) => caller.PostJsonAsync($"portal/admin/tenants/{tenantId}/events", Body(events));

    private static string Body(JsonObject[] events) => new JsonObject { ["events"] = new JsonArray([.. events.Select(e => e.DeepClone())]) }.ToJsonString();

    private JsonObject Enrolled(int sequence) => new()
    {
        ["type"] = DeviceEnrolled.Name,
        ["id"] = Guid.NewGuid(),
        ["occurred_at"] = Now,
        ["sequence"] = sequence,
        ["by"] = "token:1",
        ["device_id"] = _device,
    };

    private JsonObject Issued(int sequence)
    {
        var issued = With(Enrolled(sequence), "type", CertificateIssued.Name);
        issued.Remove("device_id");
        issued["certificate"] = new JsonObject
        {
            ["serial"] = "0A",
            ["subject"] = _device,
            ["profile"] = "device",
            ["issuer"] = "Sub-CA",
            ["not_before"] = Now,
            ["not_after"] = Now.AddDays(1),
        };
        return issued;
    }

    private static JsonObject With(JsonObject happened, string member, object? value)
    {
        var changed = happened.DeepClone().AsObject();
        changed[member] = JsonValue.Create(value);
        return changed;
    }
}
