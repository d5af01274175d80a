using System.Text;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Commands;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.Tenant.Tests.Commands;

/// <summary>What the tenant makes of its provider's commands, and what it reports.</summary>
public sealed class ProviderCommandTests : IAsyncLifetime
{
    private static readonly Guid Id = new("01980000-0000-7000-8000-000000000001");
    private readonly FakeTime _time = new(new DateTimeOffset(2026, 11, 29, 1, 0, 0, TimeSpan.Zero));
    private TestDatabase _database = null!;

    public async Task InitializeAsync()
    {
        _database = await TenantDatabase.CreateAsync();
        await _database.AddDeviceAsync("d");
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [SkippableFact]
    public async Task Take_NotAllowed_IsRefused_AndNothingIsStored()
    {
        var commands = Create(Support.Options.Create());

        await commands.TakeAsync($"commands/d/{Id}", Command("reboot"), default);

        var report = (await commands.NextReportsAsync(default)).ShouldHaveSingleItem();
        (report.Topic, report.Body.State, report.Body.Reason).ShouldBe(($"commands/d/{Id}/response", CommandState.Refused, "commands_not_allowed"));
        await commands.ReportedAsync(report, default);
        (await commands.NextReportsAsync(default)).ShouldBeEmpty();
        (await _database.ScalarAsync<long>("SELECT count(*) FROM tenant.device_commands")).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Take_Allowed_IsACommandOfTheProvider_OnceHoweverOftenItComes_AndEachChangeIsReported()
    {
        var commands = Create();
        for (var i = 0; i < 3; i++)
        {
            await commands.TakeAsync($"commands/d/{Id}", Command("reboot"), default);
        }

        (await _database.ScalarAsync<string>("SELECT state || ' ' || created_by || ' ' || name || ' ' || payload::text || ' ' || (expires_at - created_at) FROM tenant.device_commands")).ShouldBe("queued provider:alice reboot {\"n\":1} 00:01:00");
        (await _database.ScalarAsync<string>("SELECT actor || ' ' || action FROM audit.entries WHERE subject = 'd'")).ShouldBe("provider:alice device.command_queued");
        await ReportAsync(CommandState.Queued);
        (await commands.NextReportsAsync(default)).ShouldBeEmpty();
        await _database.ExecuteAsync("UPDATE tenant.device_commands SET state = 'answered', answer = '[true]', ended_at = now()");
        (await ReportAsync(CommandState.Answered)).Answer!.Value.GetRawText().ShouldBe("[true]");
        (await commands.NextReportsAsync(default)).ShouldBeEmpty();

        // A provider that asks again was not told, or has forgotten.
        await commands.TakeAsync($"commands/d/{Id}", Command("reboot"), default);
        await ReportAsync(CommandState.Answered);

        async Task<BridgeCommandReport> ReportAsync(CommandState expected)
        {
            var report = (await commands.NextReportsAsync(default)).ShouldHaveSingleItem();
            report.Body.State.ShouldBe(expected);
            await commands.ReportedAsync(report, default);
            return report.Body;
        }
    }

    [SkippableTheory]
    [InlineData("other", "reboot", 60, "refused device_unknown")]
    [InlineData("d", "no spaces", 60, "refused invalid_command_name")]
    [InlineData("d", "reboot", 0, "expired ")]
    [InlineData("d", "reboot", 3_000_000, "refused invalid_ttl")]
    public async Task Take_WhatCanNotBeCarriedOut_IsReported(string deviceId, string name, int seconds, string expected)
    {
        var commands = Create();

        await commands.TakeAsync($"commands/{deviceId}/{Id}", Command(name, seconds), default);

        var report = (await commands.NextReportsAsync(default)).ShouldHaveSingleItem().Body;
        $"{report.State} {report.Reason}".ToLowerInvariant().ShouldBe(expected);
    }

    [SkippableTheory]
    [InlineData("commands/d/17", "{}")]
    [InlineData("commands/UPPER/01980000-0000-7000-8000-000000000001", "{}")]
    [InlineData("commands/d/01980000-0000-7000-8000-000000000001", "reboot")]
    [InlineData("commands/d/01980000-0000-7000-8000-000000000001", "{}")]
    public async Task Attack_WhatIsNoCommand_IsPassedOver(string topic, string payload)
    {
        var commands = Create();

        await commands.TakeAsync(topic, Encoding.UTF8.GetBytes(payload), default);

        (await commands.NextReportsAsync(default)).ShouldBeEmpty();
    }

    private byte[] Command(string name, int seconds = 60) =>
        Encoding.UTF8.GetBytes($$"""{"name":"{{name}}","payload":{"n":1},"expires_at":"{{_time.GetUtcNow().AddSeconds(seconds):O}}","by":"alice"}""");

    private ProviderCommands Create(TenantOptions? options = null)
    {
        options ??= Support.Options.Create(allowsProviderCommands: true);
        var databases = DataServices.CreateFactory(_database.DataSource);
        return new ProviderCommands(databases, new DeviceCommands(databases, _time), options, _time, NullLogger<ProviderCommands>.Instance);
    }
}
