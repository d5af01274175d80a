using AngleSharp.Dom;
using Bunit;
using IoTPlatform.Identity;
using IoTPlatform.Portal.Tests;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Portal;
using IoTPlatform.Provider.Tests.Support;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;

namespace IoTPlatform.Provider.Tests.Portal;

/// <summary>A tenant's objects at the broker, on its page, over a running provider's services.</summary>
public sealed class BrokerCardTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>, IAsyncLifetime
{
    private readonly RunningProvider _provider = fixture.Provider;
    private readonly BunitContext _context = new();
    private readonly TestSession _session = new();
    private readonly List<IServiceScope> _scopes = [];
    private IRenderedComponent<MudDialogProvider> _dialogs = null!;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _context.DisposeAsync();
        _scopes.ForEach(scope => scope.Dispose());
    }

    [SkippableFact]
    public async Task ChangeByHand_IsShown_AndRepairedWhenThatIsConfirmed()
    {
        await ChangedByHandAsync("drifted");
        var card = Open("drifted", Roles.Admin);
        card.WaitForAssertion(() => card.Find(".todo .what").TextContent.ShouldBe("permissions of drifted"));
        card.Markup.ShouldContain("1 difference<");

        var clicked = Button(card, "Repair").ClickAsync();
        _dialogs.WaitForAssertion(() => _dialogs.Markup.ShouldContain("Repair the broker"));
        (await RepairsAsync("drifted")).ShouldBe(0);
        await Button(_dialogs, "Repair").ClickAsync();
        await clicked;

        card.WaitForAssertion(() => card.Markup.ShouldContain("as it should be"));
        card.FindAll("button").ShouldBeEmpty();
        (await RepairsAsync("drifted")).ShouldBe(1);
        (await _provider.Database.ScalarAsync<bool>("SELECT may_retain FROM provider.broker_logins WHERE name = 'drifted-mqtt-bridge'")).ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Viewer_SeesWhatDiffers_AndRepairsNothing()
    {
        await ChangedByHandAsync("looked-at");

        var card = Open("looked-at", Roles.Viewer);

        card.WaitForAssertion(() => card.Markup.ShouldContain("permissions of looked-at"));
        card.FindAll("button").ShouldBeEmpty();
    }

    /// <summary>The page was opened by an administrator.</summary>
    [SkippableFact]
    public async Task Role_TakenAwayMeanwhile_RepairsNothing()
    {
        await ChangedByHandAsync("guarded");
        var card = Open("guarded", Roles.Admin);
        card.WaitForAssertion(() => card.FindAll("button").ShouldHaveSingleItem());

        _session.Roles = [Roles.Viewer];
        var clicked = Button(card, "Repair").ClickAsync();
        await Button(_dialogs, "Repair").ClickAsync();
        await clicked;

        card.WaitForAssertion(() => card.Find("[role=alert]").TextContent.ShouldContain("Your role does not allow this."));
        (await RepairsAsync("guarded")).ShouldBe(0);
    }

    [SkippableFact]
    public async Task TenantThatHasNotJoined_HasNothingToCompare()
    {
        await _provider.PrepareAsync("waiting");

        var card = Open("waiting", Roles.Admin, joined: false);

        card.FindAll("dd").Select(value => value.TextContent).ShouldBe(["none yet", "none yet"]);
        card.FindAll("button, [role=alert], .todo").ShouldBeEmpty();
    }

    /// <summary>Once it is there: a dialog comes a moment after the click that opens it.</summary>
    private static IElement Button<T>(IRenderedComponent<T> page, string text) where T : IComponent
    {
        IElement[] Called() => [.. page.FindAll("button").Where(button => button.TextContent.Trim() == text)];
        page.WaitForState(() => Called().Length > 0);
        return Called().Single();
    }

    private async Task ChangedByHandAsync(string tenantId)
    {
        using var tenant = new TestTenant();
        await _provider.JoinAsync((await _provider.PrepareAsync(tenantId)).JoinKey, tenant);
        await _provider.Database.ExecuteAsync("UPDATE provider.broker_logins SET may_retain = true WHERE name = $1", $"{tenantId}-mqtt-bridge");
    }

    private Task<long> RepairsAsync(string tenantId) =>
        _provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE subject = $1 AND action = 'tenant.broker_repaired' AND actor = 'paula'", tenantId);

    private IRenderedComponent<BrokerCard> Open(string tenantId, string role, bool joined = true)
    {
        _context.Services.AddScoped(_ => Service<BrokerInspection>()).AddScoped(_ => Service<BrokerRepair>());
        _dialogs = LivePages.Add(_context, _session, role, _provider.Database.DataSource);
        return _context.Render<BrokerCard>(parameters => parameters
            .Add(c => c.TenantId, tenantId).Add(c => c.Namespace, joined ? tenantId : null).Add(c => c.Login, joined ? $"{tenantId}-mqtt-bridge" : null));
    }

    private T Service<T>() where T : notnull
    {
        _scopes.Add(_provider.Services.CreateScope());
        return _scopes[^1].ServiceProvider.GetRequiredService<T>();
    }
}
