using System.Diagnostics;
using System.Text;
using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Audit;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Commands;
using IoTPlatform.Tenant.Startup;
using IoTPlatform.Tenant.Tests.Mqtt;
using IoTPlatform.Tenant.Tests.Support;
using Microsoft.EntityFrameworkCore;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Tests.Commands;

/// <summary>From the operator to the device and back, over the embedded broker.</summary>
public sealed class DeviceCommandTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    [SkippableTheory]
    [InlineData("c-311", MqttProtocolVersion.V311, "devices/c-311/commands/#", "devices/c-311/commands/")]
    [InlineData("c.500", MqttProtocolVersion.V500, "devices/c.500/commands/+", "devices/c.500/commands/")]
    [InlineData("c-board", MqttProtocolVersion.V311, "v1/devices/me/rpc/request/+", "v1/devices/me/rpc/request/")]
    public async Task Send_ToAConnectedDevice_IsDeliveredAndAnswered(string id, MqttProtocolVersion version, string filter, string topic)
    {
        using var device = await EnrolledAsync(id);
        using var client = await device.ConnectAsync(version: version);
        await client.Mqtt.SubscribeAsync(filter, MqttQualityOfServiceLevel.AtLeastOnce);

        var sent = await SendAsync(id, "set", """{"valve":[1,2]}""");
        sent.State.ShouldBe(CommandState.Queued);
        var message = await client.ReceiveAsync();
        message.Topic.ShouldBe($"{topic}{sent.Id}");
        var body = JsonDocument.Parse(Encoding.UTF8.GetString(message.Payload)).RootElement;
        (body.GetProperty("id").GetInt64(), body.GetProperty("method").GetString(), body.GetProperty("params").GetRawText()).ShouldBe((sent.Id, "set", """{"valve":[1,2]}"""));
        await UntilAsync(id, sent.Id, CommandState.Delivered);

        var response = topic.StartsWith("v1", StringComparison.Ordinal) ? $"v1/devices/me/rpc/response/{sent.Id}" : $"devices/{id}/commands/{sent.Id}/response";
        if (version == MqttProtocolVersion.V500)
        {
            message.ResponseTopic.ShouldBe(response);
            Encoding.ASCII.GetString(message.CorrelationData).ShouldBe($"{sent.Id}");
            message.MessageExpiryInterval.ShouldBeInRange(86_300u, 86_400u);
        }

        (await client.PublishAsync(response, "[true]")).IsSuccess.ShouldBeTrue();
        var answered = await shared.Admin.GetCommandAsync(id, sent.Id);
        (answered.State, answered.Answer!.Value.GetRawText()).ShouldBe((CommandState.Answered, "[true]"));
        answered.EndedAt.ShouldNotBeNull();
        // An answer that comes again changes nothing.
        (await client.PublishAsync(response, "[false]")).IsSuccess.ShouldBeTrue();
        (await shared.Admin.GetCommandAsync(id, sent.Id)).Answer!.Value.GetRawText().ShouldBe("[true]");
        var log = await shared.Admin.ListAuditAsync(new AuditFilter { Subject = id, Action = "device.command_*" });
        log.Items.Select(e => (e.Action, e.Actor)).ShouldBe([("device.command_queued", "admin"), ("device.command_answered", $"device:{id}")]);
    }

    [SkippableFact]
    public async Task Send_WhileTheDeviceIsAway_WaitsForIt_InOrder()
    {
        using var device = await EnrolledAsync("away");
        var ids = new List<long>();
        for (var i = 0; i < 20; i++)
        {
            ids.Add((await SendAsync("away", "step", $"{i}")).Id);
        }

        using var client = await device.ConnectAsync();
        await client.Mqtt.SubscribeAsync("devices/away/commands/#", MqttQualityOfServiceLevel.AtLeastOnce);
        foreach (var id in ids)
        {
            (await client.ReceiveAsync()).Topic.ShouldBe($"devices/away/commands/{id}");
        }

        foreach (var id in ids)
        {
            await UntilAsync("away", id, CommandState.Delivered);
        }
    }

    [SkippableFact]
    public async Task Send_NotAcknowledged_ComesAgainToTheNextConnection_AndIsDeliveredOnce()
    {
        using var device = await EnrolledAsync("forgetful");
        var sent = await SendAsync("forgetful", "reboot", null);
        using (var first = await device.ConnectAsync())
        {
            first.Acknowledges = false;
            await first.Mqtt.SubscribeAsync("devices/forgetful/commands/#", MqttQualityOfServiceLevel.AtLeastOnce);
            await first.ReceiveAsync();
            (await shared.Admin.GetCommandAsync("forgetful", sent.Id)).State.ShouldBe(CommandState.Queued);
        }

        using (var second = await device.ConnectAsync())
        {
            await second.Mqtt.SubscribeAsync("devices/forgetful/commands/#", MqttQualityOfServiceLevel.AtLeastOnce);
            (await second.ReceiveAsync()).Topic.ShouldBe($"devices/forgetful/commands/{sent.Id}");
            await UntilAsync("forgetful", sent.Id, CommandState.Delivered);
        }

        using var third = await device.ConnectAsync();
        await third.Mqtt.SubscribeAsync("devices/forgetful/commands/#", MqttQualityOfServiceLevel.AtLeastOnce);
        var next = await SendAsync("forgetful", "next", null);
        (await third.ReceiveAsync()).Topic.ShouldBe($"devices/forgetful/commands/{next.Id}");
    }

    /// <summary>Sessions are in memory: CONNACK says that there is none, so that the client subscribes again; and what is due to it is not.</summary>
    [SkippableFact]
    public async Task Restart_OfTheTenant_ASessionIsNotPresent_AndACommandOfBeforeIsDelivered()
    {
        using var device = await EnrolledAsync("restarted");
        static void Resume(MqttClientOptionsBuilder options) => options.WithCleanStart(false).WithSessionExpiryInterval(3600);
        using (var before = await MqttDevice.ConnectAsync(shared.Tenant, "restarted", device.Device.Identity(device.Answer), configure: Resume))
        {
            await before.Mqtt.SubscribeAsync("devices/restarted/commands/#", MqttQualityOfServiceLevel.AtLeastOnce);
        }

        using (var resumed = await MqttDevice.ConnectAsync(shared.Tenant, "restarted", device.Device.Identity(device.Answer), configure: Resume))
        {
            resumed.Connected.IsSessionPresent.ShouldBeTrue();
        }

        var sent = await SendAsync("restarted", "reboot", null);

        await shared.Tenant.BootAsync();

        using var after = await MqttDevice.ConnectAsync(shared.Tenant, "restarted", device.Device.Identity(device.Answer), configure: Resume);
        after.Connected.IsSessionPresent.ShouldBeFalse();
        await after.Mqtt.SubscribeAsync("devices/restarted/commands/#", MqttQualityOfServiceLevel.AtLeastOnce);
        (await after.ReceiveAsync()).Topic.ShouldBe($"devices/restarted/commands/{sent.Id}");
    }

    [SkippableFact]
    public async Task Send_DeviceRefuses_IsRefused()
    {
        using var device = await EnrolledAsync("unwilling");
        using var client = await device.ConnectAsync();
        client.RefusesWith = MqttApplicationMessageReceivedReasonCode.ImplementationSpecificError;
        await client.Mqtt.SubscribeAsync("devices/unwilling/commands/#", MqttQualityOfServiceLevel.AtLeastOnce);
        var sent = await SendAsync("unwilling", "jump", null);
        (await UntilAsync("unwilling", sent.Id, CommandState.Refused)).Reason.ShouldBe("the device refused it");
    }

    [SkippableFact]
    public async Task Cancel_And_Revoke_EndWhatWaits()
    {
        using var device = await EnrolledAsync("ended");
        var (first, second) = (await SendAsync("ended", "a", null), await SendAsync("ended", "b", null));
        await shared.Admin.CancelCommandAsync("ended", first.Id);
        (await Should.ThrowAsync<ApiException>(() => shared.Admin.CancelCommandAsync("ended", first.Id))).Code.ShouldBe("command_ended");
        using (var client = await device.ConnectAsync())
        {
            (await client.PublishAsync($"devices/ended/commands/{first.Id}/response", "{}")).ReasonString.ShouldBe("command_ended");
            (await client.PublishAsync("devices/ended/commands/999999/response", "{}")).ReasonString.ShouldBe("command_unknown");
            (await client.PublishAsync("devices/ended/commands/x/response", "{}")).ReasonString.ShouldBe("command_unknown");
            (await client.PublishAsync($"devices/ended/commands/{second.Id}/response", "{")).ReasonString.ShouldBe("not_json");
        }

        await shared.Admin.RevokeDeviceAsync("ended", new RevokeRequest());
        (await shared.Admin.ListCommandsAsync("ended")).Items.Select(c => (c.Id, c.State)).ShouldBe([(second.Id, CommandState.Cancelled), (first.Id, CommandState.Cancelled)]);
        (await Should.ThrowAsync<ApiException>(() => SendAsync("ended", "c", null))).Code.ShouldBe("device_revoked");
    }

    [SkippableFact]
    public async Task Send_WhatCannotBeACommand_SaysWhy()
    {
        using var device = await EnrolledAsync("strict");
        (await Should.ThrowAsync<ApiException>(() => SendAsync("strict", "rm -rf", null))).Code.ShouldBe("invalid_command_name");
        (await Should.ThrowAsync<ApiException>(() => SendAsync("strict", "a", JsonSerializer.Serialize(new string('x', CommandFormat.LongestPayload))))).Code.ShouldBe("too_long");
        (await Should.ThrowAsync<ApiException>(() => SendAsync("strict", "a", "\"\\u0000\""))).Code.ShouldBe("not_unicode_text");
        (await Should.ThrowAsync<ApiException>(() => SendAsync("strict", "a", null, ttl: 0))).Code.ShouldBe("invalid_ttl");
        (await Should.ThrowAsync<ApiException>(() => SendAsync("nobody", "a", null))).Code.ShouldBe("device_unknown");
        (await Should.ThrowAsync<ApiException>(() => shared.Admin.GetCommandAsync("strict", 999_999))).Code.ShouldBe("command_unknown");
        await shared.Tenant.Database.ExecuteAsync(
            "INSERT INTO tenant.device_commands (device_id, name, state, created_at, created_by, expires_at) SELECT 'strict', 'a', 'queued', now(), 'test', now() + interval '1 hour' FROM generate_series(1, 99)");
        await SendAsync("strict", "a", null);
        (await Should.ThrowAsync<ApiException>(() => SendAsync("strict", "a", null))).Code.ShouldBe("too_many_commands");
    }

    [SkippableFact]
    public async Task Waiting_OfADeviceWithALongPast_IsCountedWithoutIt()
    {
        using var device = await EnrolledAsync("veteran");
        var database = shared.Tenant.Database;
        await database.ExecuteAsync("""
            INSERT INTO tenant.device_commands (device_id, name, state, created_at, created_by, expires_at, ended_at)
            SELECT 'veteran', 'a', 'answered', now(), 'test', now(), now() FROM generate_series(1, 20000)
            """);
        await database.ExecuteAsync("ANALYZE tenant.device_commands");
        await using var db = DataServices.CreateFactory(database.DataSource).CreateDbContext();

        var query = db.DeviceCommands.Where(DeviceCommands.Waiting("veteran")).ToQueryString().Split('\n', 2)[1].Replace("@deviceId", "'veteran'", StringComparison.Ordinal);
        await using var command = database.DataSource.CreateCommand("EXPLAIN (FORMAT JSON) " + query);

        ((string)(await command.ExecuteScalarAsync())!).ShouldContain("device_commands_waiting");
    }

    [SkippableFact]
    public async Task Attack_AnswerToAnothersCommand_IsRefused()
    {
        using var device = await EnrolledAsync("victim");
        using var other = await EnrolledAsync("impostor");
        var sent = await SendAsync("victim", "open", null);
        using var client = await other.ConnectAsync();
        (await client.PublishAsync($"devices/victim/commands/{sent.Id}/response", "{}")).ReasonCode.ShouldBe(MqttClientPublishReasonCode.NotAuthorized);
        (await client.PublishAsync($"devices/impostor/commands/{sent.Id}/response", "{}")).ReasonString.ShouldBe("command_unknown");
        (await shared.Admin.GetCommandAsync("victim", sent.Id)).State.ShouldBe(CommandState.Queued);
    }

    private Task<DeviceCommandView> SendAsync(string id, string name, string? payload, int ttl = 86_400) => shared.Admin.SendCommandAsync(
        id, new SendCommandRequest { Name = name, Payload = payload is null ? null : JsonElement.Parse(payload), TtlSeconds = ttl });

    private async Task<DeviceCommandView> UntilAsync(string device, long id, CommandState state)
    {
        var started = Stopwatch.GetTimestamp();
        while (await shared.Admin.GetCommandAsync(device, id) is var command)
        {
            if (command.State == state)
            {
                return command;
            }

            Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(20), $"it is {command.State}");
            await Task.Delay(20);
        }

        throw new InvalidOperationException();
    }

    private async Task<EnrolledDevice> EnrolledAsync(string id) => await EnrolledDevice.EnrollAsync(shared, id);
}
