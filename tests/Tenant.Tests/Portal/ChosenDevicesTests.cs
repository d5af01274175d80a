using AngleSharp.Dom;
using Bunit;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Identity;
using IoTPlatform.Portal.Tests;
using IoTPlatform.Tenant.Features.Devices;
using IoTPlatform.Tenant.Features.Emergencies;
using IoTPlatform.Tenant.Portal;
using IoTPlatform.Tenant.Tests.Support;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;

namespace IoTPlatform.Tenant.Tests.Portal;

/// <summary>What is done to several devices at once, over a running tenant's services.</summary>
public sealed class ChosenDevicesTests(SharedTenant shared) : IClassFixture<SharedTenant>, IAsyncLifetime
{
    private readonly BunitContext _context = new();
    private readonly TestSession _session = new();
    private IRenderedComponent<MudDialogProvider> _dialogs = null!;
    private int _done;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _context.DisposeAsync();

    [SkippableFact]
    public async Task Tag_IsAddedToAllOfThem_WithoutSpacesAndCapitals()
    {
        var card = await OpenAsync("tag-1", "tag-2");
        Button(card, "Add the tag").HasAttribute("disabled").ShouldBeTrue("it has no name yet");

        await card.Find("#bulk-tag").InputAsync(" Roof ");
        await Button(card, "Add the tag").ClickAsync();

        card.WaitForAssertion(() => _done.ShouldBe(1));
        (await TagsAsync("tag-1")).ShouldBe(["roof"]);
        (await TagsAsync("tag-2")).ShouldBe(["roof"]);
    }

    [SkippableFact]
    public async Task Tag_ThatIsNone_IsSaid_AndNothingIsDone()
    {
        var card = await OpenAsync("odd-1");

        await card.Find("#bulk-tag").InputAsync("no tag!");
        await Button(card, "Add the tag").ClickAsync();

        card.WaitForAssertion(() => card.Find("[role=alert]").TextContent.ShouldNotBeNullOrWhiteSpace());
        Button(card, "Add the tag").HasAttribute("disabled").ShouldBeFalse();
        _done.ShouldBe(0);
        (await TagsAsync("odd-1")).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Tag_IsTakenAway_WhenThatIsConfirmed()
    {
        var card = await OpenAsync("old-1");
        await shared.Tenant.Service<DeviceTags>().AddAsync(["old-1"], "hall", "test", default);
        await card.Find("#bulk-tag").InputAsync("hall");

        var clicked = Button(card, "Take it away").ClickAsync();
        _dialogs.WaitForAssertion(() => _dialogs.Markup.ShouldContain("Take the tag hall from 1 device?"));
        (await TagsAsync("old-1")).ShouldBe(["hall"]);
        await Button(_dialogs, "Take it away").ClickAsync();
        await clicked;

        (await TagsAsync("old-1")).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Revoke_NeedsTheirNumberAndAReason()
    {
        var card = await OpenAsync("gone-1", "gone-2");

        var clicked = Button(card, "Revoke").ClickAsync();
        _dialogs.WaitForAssertion(() => _dialogs.Markup.ShouldContain("Revoke 2 devices?"));
        await _dialogs.Find("#confirm-reason").InputAsync("scrapped");
        await _dialogs.Find("#confirm-typed").InputAsync("3");
        Button(_dialogs, "Revoke").HasAttribute("disabled").ShouldBeTrue();
        await _dialogs.Find("#confirm-typed").InputAsync("2");
        await Button(_dialogs, "Revoke").ClickAsync();
        await clicked;

        card.WaitForAssertion(() => _done.ShouldBe(1));
        (await shared.Admin.GetDeviceAsync("gone-1")).Status.ShouldBe(DeviceStatus.Revoked);
        (await shared.Admin.GetDeviceAsync("gone-2")).RevocationReason.ShouldNotBeNull().ShouldContain("scrapped");
    }

    [SkippableFact]
    public async Task Role_TakenAwayMeanwhile_RevokesNothing()
    {
        var card = await OpenAsync("kept-1");
        var clicked = Button(card, "Revoke").ClickAsync();
        _dialogs.WaitForAssertion(() => _dialogs.Markup.ShouldContain("Revoke 1 device?"));
        await _dialogs.Find("#confirm-reason").InputAsync("scrapped");
        await _dialogs.Find("#confirm-typed").InputAsync("1");

        _session.Roles = [Roles.Viewer];
        await Button(_dialogs, "Revoke").ClickAsync();
        await clicked;

        card.WaitForAssertion(() => card.Find("[role=alert]").TextContent.ShouldContain("Your role does not allow this."));
        (await shared.Admin.GetDeviceAsync("kept-1")).Status.ShouldBe(DeviceStatus.Enrolled);
    }

    private static IElement Button<T>(IRenderedComponent<T> page, string text) where T : IComponent => page.FindAll("button").Single(button => button.TextContent.Trim() == text);

    private async Task<IReadOnlyList<string>> TagsAsync(string deviceId) => (await shared.Admin.GetDeviceAsync(deviceId)).Tags ?? [];

    private async Task<IRenderedComponent<ChosenDevices>> OpenAsync(params string[] chosen)
    {
        foreach (var id in chosen)
        {
            await shared.Tenant.Database.AddDeviceAsync(id);
        }

        _context.Services.AddSingleton(shared.Tenant.Service<DeviceTags>()).AddSingleton(shared.Tenant.Service<RevokeChosen>());
        _dialogs = LivePages.Add(_context, _session, Roles.Operator, shared.Tenant.Database.DataSource);
        return _context.Render<ChosenDevices>(parameters => parameters.Add(c => c.Chosen, chosen).Add(c => c.OnDone, () => _done++));
    }
}
