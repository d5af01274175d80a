using System.Text;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Provider.Features.Commands;
using IoTPlatform.Provider.Tests.Support;
using IoTPlatform.Telemetry;
using IoTPlatform.Testing;
using MQTTnet;

namespace IoTPlatform.Provider.Tests.Commands;

/// <summary>Commands to tenants' devices, with a bridge of this test's at the embedded broker.</summary>
public sealed class TenantCommandTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private const string Ok = """{"state":"answered","delivered_at":"2026-11-29T01:00:00Z","ended_at":"2026-11-29T02:00:01+01:00","answer":{"rpm":900}}""";
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task Send_ToAConnectedBridge_ReachesIt_AndWhatItReportsIsShown()
    {
        using var tenant = new TestTenant();
        using var bridge = await ConnectedAsync("down", tenant);
        var sent = await SendAsync("down", "pump.1", """{"name":"set","payload":{"rpm":900},"ttl_seconds":60}""");
        sent.State.ShouldBe(CommandState.Queued);

        var message = await bridge.ReceiveAsync();
        message.Topic.ShouldBe($"commands/pump:1/{sent.Id}");
        var body = JsonDocument.Parse(Encoding.UTF8.GetString(message.Payload)).RootElement;
        (body.GetProperty("name").GetString(), body.GetProperty("payload").GetRawText(), body.GetProperty("by").GetString()).ShouldBe(("set", """{"rpm":900}""", "admin"));
        (await bridge.PublishAsync(message.Topic + "/response", """{"state":"queued"}""")).IsSuccess.ShouldBeTrue();
        (await FindAsync(sent)).TakenAt.ShouldNotBeNull();
        (await bridge.PublishAsync(message.Topic + "/response", Ok)).IsSuccess.ShouldBeTrue();

        var answered = await FindAsync(sent);
        (answered.State, answered.Answer!.Value.GetRawText(), answered.EndedAt).ShouldBe((CommandState.Answered, """{"rpm":900}""", new DateTimeOffset(2026, 11, 29, 1, 0, 1, TimeSpan.Zero)));
        (await _provider.Database.ScalarAsync<string>("SELECT string_agg(actor || ' ' || action, ', ' ORDER BY sequence) FROM audit.entries WHERE subject = 'down' AND starts_with(action, 'tenant.command')"))
            .ShouldBe("admin tenant.command_sent, tenant:down tenant.command_ended");
    }

    [SkippableFact]
    public async Task Send_WhileTheBridgeIsAway_WaitsForIt_AndEndsWhenItsTimeIsOver()
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync("later", tenant);
        var lost = await SendAsync("later", "d", """{"name":"lost","ttl_seconds":1}""");
        var kept = await SendAsync("later", "d", """{"name":"kept"}""");
        await Eventually.ShouldAsync(async () =>
        {
            _provider.Time.Advance(TimeSpan.FromMilliseconds(500));
            return (await FindAsync(lost)).State == CommandState.Expired;
        });

        using var bridge = new BridgeClient(_provider, tenant.WithBridgeKey(bundle.MqttBridgeCert));
        (await bridge.ConnectAsync("later.bridge")).ShouldBe(MqttClientConnectResultCode.Success);
        await bridge.SubscribeAsync(BridgeCommandTopics.Requests);

        (await bridge.ReceiveAsync()).Topic.ShouldBe($"commands/d/{kept.Id}");
        (await FindAsync(kept)).State.ShouldBe(CommandState.Queued);
        // Carried out in time after all: the tenant knows better.
        (await bridge.PublishAsync($"commands/d/{lost.Id}/response", Ok)).IsSuccess.ShouldBeTrue();
        (await FindAsync(lost)).State.ShouldBe(CommandState.Answered);
    }

    [SkippableFact]
    public async Task Send_TakenByATenantThatForgotIt_EndsADayAfterItsTime_AndALateReportStillCounts()
    {
        using var tenant = new TestTenant();
        using var bridge = await ConnectedAsync("forgetful", tenant);
        var sent = await SendAsync("forgetful", "d", """{"name":"set"}""");
        (await bridge.PublishAsync($"commands/d/{sent.Id}/response", """{"state":"queued"}""")).IsSuccess.ShouldBeTrue();

        await OverSinceAsync(sent, TimeSpan.FromHours(23));
        await TickAsync();
        (await FindAsync(sent)).State.ShouldBe(CommandState.Queued);
        await OverSinceAsync(sent, TimeSpan.FromHours(25));
        await Eventually.ShouldAsync(async () =>
        {
            await TickAsync();
            return (await FindAsync(sent)).State == CommandState.Expired;
        });

        (await FindAsync(sent)).Reason.ShouldBe(TenantCommandDelivery.Unreported);
        (await bridge.PublishAsync($"commands/d/{sent.Id}/response", Ok)).IsSuccess.ShouldBeTrue();
        (await bridge.PublishAsync($"commands/d/{sent.Id}/response", """{"state":"expired"}""")).IsSuccess.ShouldBeTrue();
        var ended = await FindAsync(sent);
        (ended.State, ended.Reason).ShouldBe((CommandState.Answered, null));
    }

    [SkippableFact]
    public async Task Attack_ReportsOfOthersCommands_OrBackwards_ChangeNothing()
    {
        using var victim = new TestTenant();
        using var victimBridge = await ConnectedAsync("victim", victim);
        using var thief = new TestTenant();
        using var thiefBridge = await ConnectedAsync("robber", thief);
        var sent = await SendAsync("victim", "d", """{"name":"open"}""");
        var report = $"commands/d/{sent.Id}/response";

        (await thiefBridge.PublishAsync(report, Ok)).ReasonString.ShouldBe(TenantCommandReports.Unknown);
        (await victimBridge.PublishAsync($"commands/other/{sent.Id}/response", Ok)).ReasonString.ShouldBe(TenantCommandReports.Unknown);
        foreach (var malformed in new[] { "", "[]", "{}", """{"state":"stolen"}""", """{"state":"answered","answer":"\u0000"}""" })
        {
            (await victimBridge.PublishAsync(report, malformed)).ReasonString.ShouldBe(TenantCommandReports.Malformed, malformed);
        }

        (await victimBridge.PublishAsync(TelemetryBatch.Topic, TelemetryBatch.Pack([(report, "{}"u8.ToArray())]))).ReasonString.ShouldBe(TelemetryBatch.Malformed);
        (await FindAsync(sent)).TakenAt.ShouldBeNull();
        (await victimBridge.PublishAsync(report, """{"state":"refused","reason":"line\nbreak"}""")).IsSuccess.ShouldBeTrue();
        (await victimBridge.PublishAsync(report, Ok)).IsSuccess.ShouldBeTrue();
        (await victimBridge.PublishAsync(report, """{"state":"queued"}""")).IsSuccess.ShouldBeTrue();
        var ended = await FindAsync(sent);
        (ended.State, ended.Reason, ended.Answer).ShouldBe((CommandState.Refused, null, null));
    }

    [SkippableFact]
    public async Task Send_WhatCanNotBeSent_IsRefusedWithItsReason()
    {
        using var tenant = new TestTenant();
        await _provider.ActivateAsync("picky", tenant);
        var admin = await _provider.AdminAsync();

        foreach (var (path, body, status) in new[]
        {
            ("picky/devices/d", """{"name":"no spaces"}""", 400), ("picky/devices/d", """{"name":"x","ttl_seconds":0}""", 400), ("picky/devices/UPPER", """{"name":"x"}""", 400),
            ("unknown/devices/d", """{"name":"x"}""", 404),
        })
        {
            ((int)(await admin.PostJsonAsync($"portal/admin/tenants/{path}/commands", body)).Status).ShouldBe(status, path + body);
        }
    }

    private async Task<BridgeClient> ConnectedAsync(string tenantId, TestTenant tenant)
    {
        var bundle = await _provider.ActivateAsync(tenantId, tenant);
        var bridge = new BridgeClient(_provider, tenant.WithBridgeKey(bundle.MqttBridgeCert));
        (await bridge.ConnectAsync($"{tenantId}.bridge")).ShouldBe(MqttClientConnectResultCode.Success);
        await bridge.SubscribeAsync(BridgeCommandTopics.Requests);
        return bridge;
    }

    private async Task<TenantCommandView> SendAsync(string tenantId, string deviceId, string body)
    {
        var answer = await (await _provider.AdminAsync()).PostJsonAsync($"portal/admin/tenants/{tenantId}/devices/{deviceId}/commands", body);
        ((int)answer.Status).ShouldBe(201);
        return answer.Read(BridgeCommandJson.View);
    }

    private Task OverSinceAsync(TenantCommandView sent, TimeSpan since) =>
        _provider.Database.ExecuteAsync($"UPDATE provider.tenant_commands SET expires_at = '{_provider.Time.GetUtcNow() - since:O}' WHERE id = '{sent.Id}'");

    /// <summary>Of the delivery, which looks once a second.</summary>
    private async Task TickAsync()
    {
        _provider.Time.Advance(TimeSpan.FromSeconds(1));
        await Task.Delay(100);
    }

    private async Task<TenantCommandView> FindAsync(TenantCommandView sent) =>
        (await (await _provider.AdminAsync()).GetAsync($"portal/admin/tenants/{sent.TenantId}/devices/{sent.DeviceId}/commands/{sent.Id}")).Read(BridgeCommandJson.View);
}
