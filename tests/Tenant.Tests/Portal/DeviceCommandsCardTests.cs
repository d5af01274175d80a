using AngleSharp.Dom;
using Bunit;
using IoTPlatform.Identity;
using IoTPlatform.Portal.Tests;
using IoTPlatform.Telemetry;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Commands;
using IoTPlatform.Tenant.Portal;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;

namespace IoTPlatform.Tenant.Tests.Portal;

/// <summary>A device's commands on its page, over the services and the database that are behind it.</summary>
public sealed class DeviceCommandsCardTests : IAsyncLifetime
{
    private readonly BunitContext _context = new();
    private readonly TestSession _session = new();
    private TestDatabase _database = null!;
    private DeviceCommands _commands = null!;
    private IRenderedComponent<MudDialogProvider> _dialogs = null!;

    public async Task InitializeAsync()
    {
        _database = await TenantDatabase.CreateAsync();
        await _database.AddDeviceAsync("pump-1");
        _commands = new DeviceCommands(DataServices.CreateFactory(_database.DataSource), _session.Time);
    }

    public async Task DisposeAsync()
    {
        await _context.DisposeAsync();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Send_StoresTheCommandWithItsParameters_AndEmptiesTheForm()
    {
        var card = Open();
        card.Markup.ShouldContain("None was sent to it.");
        Button(card, "Send").HasAttribute("disabled").ShouldBeTrue("it has no name yet");

        await card.Find("#command-name").InputAsync(" set-speed ");
        await card.Find("#command-payload").InputAsync("""{"rpm":900}""");
        await card.Find("form").SubmitAsync();

        card.WaitForAssertion(() => card.Find("li .what").TextContent.ShouldBe("set-speed"));
        (await _database.ScalarAsync<string>("SELECT name || payload::text || created_by FROM tenant.device_commands WHERE device_id = 'pump-1'")).ShouldBe("""set-speed{"rpm":900}paula""");
        card.Find("#command-name").GetAttribute("value").ShouldBeNullOrEmpty();
        card.FindAll("[role=alert]").ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Send_WhatIsNoJson_SaysSo_KeepsWhatWasTyped_AndStoresNothing()
    {
        var card = Open();

        await card.Find("#command-name").InputAsync("set-speed");
        await card.Find("#command-payload").InputAsync("{rpm: 900}");
        await card.Find("form").SubmitAsync();

        card.WaitForAssertion(() => card.Find("[role=alert]").TextContent.ShouldContain("""The parameters are no JSON, as {"rpm": 900} is."""));
        card.Find("#command-payload").GetAttribute("value").ShouldBe("{rpm: 900}");
        (await CountAsync()).ShouldBe(0);
    }

    /// <summary>The page was opened by an operator.</summary>
    [SkippableFact]
    public async Task Send_AfterTheRoleWasTakenAway_IsRefused()
    {
        var card = Open();
        _session.Roles = [Roles.Viewer];

        await card.Find("#command-name").InputAsync("open");
        await card.Find("form").SubmitAsync();

        card.WaitForAssertion(() => card.Find("[role=alert]").TextContent.ShouldContain("Your role does not allow this."));
        (await CountAsync()).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Cancel_HappensWhenItIsConfirmed_AndNotBefore()
    {
        await SentAsync();
        var card = Open();

        var clicked = Button(card, "Cancel").ClickAsync();
        _dialogs.WaitForAssertion(() => _dialogs.Markup.ShouldContain("Cancel open?"));
        (await StateAsync()).ShouldBe("queued");
        await Button(_dialogs, "Cancel the command").ClickAsync();
        await clicked;

        (await StateAsync()).ShouldBe("cancelled");
        card.WaitForAssertion(() => card.Markup.ShouldContain("cancelled by paula"));
        card.FindAll("li button").ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Viewer_SeesCommands_AndIsOfferedNothing()
    {
        await SentAsync();

        var card = Open(Roles.Viewer);

        card.Find("li .what").TextContent.ShouldBe("open");
        card.FindAll("form, button").ShouldBeEmpty();
    }

    [SkippableFact]
    public void RevokedDevice_IsSentNothing() => Open(isRevoked: true).FindAll("form").ShouldBeEmpty();

    private static IElement Button<T>(IRenderedComponent<T> page, string text) where T : Microsoft.AspNetCore.Components.IComponent => page.FindAll("button").Single(button => button.TextContent.Trim() == text);

    private Task SentAsync() => _commands.SendAsync("pump-1", new CommandOrder("open", Payload: null, TimeSpan.FromHours(1)), "otto", providerId: null, default);

    private Task<long> CountAsync() => _database.ScalarAsync<long>("SELECT count(*) FROM tenant.device_commands");

    private Task<string?> StateAsync() => _database.ScalarAsync<string>("SELECT state FROM tenant.device_commands");

    /// <summary>Returns when its commands are shown.</summary>
    private IRenderedComponent<DeviceCommandsCard> Open(string role = Roles.Operator, bool isRevoked = false)
    {
        _context.Services.AddSingleton(_commands).AddSingleton<CommandSending>();
        _dialogs = LivePages.Add(_context, _session, role, _database.DataSource);
        var card = _context.Render<DeviceCommandsCard>(parameters => parameters.Add(c => c.DeviceId, "pump-1").Add(c => c.IsRevoked, isRevoked));
        card.WaitForState(() => card.Instance.Commands is not null, TimeSpan.FromSeconds(20));
        return card;
    }
}
