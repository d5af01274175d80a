using Bunit;
using IoTPlatform.Provider.Features.Join;
using IoTPlatform.Provider.Portal;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;
using MudBlazor.Services;

namespace IoTPlatform.Provider.Tests.Portal;

public sealed class JoinRequestCardTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Asked = new(2026, 6, 1, 8, 30, 0, TimeSpan.Zero);
    private readonly BunitContext _context = new();
    private readonly List<string> _approved = [];
    private readonly List<string> _rejected = [];
    private IRenderedComponent<MudDialogProvider> _dialogs = null!;

    public Task InitializeAsync()
    {
        _context.JSInterop.Mode = JSRuntimeMode.Loose;
        _context.Services.AddMudServices();
        _context.Services.AddSingleton(TimeProvider.System);
        _context.Render<MudPopoverProvider>();
        _dialogs = _context.Render<MudDialogProvider>();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _context.DisposeAsync();

    [Fact]
    public void Request_IsShownInWords_AndAViewerDecidesNothing()
    {
        var card = Open(mayDecide: false);

        card.Find("#request-key").TextContent.ShouldBe(Fingerprint('a'));
        card.Markup.ShouldContain("ECDSA, P-256");
        card.Markup.ShouldContain("none: the platform names it");
        card.FindAll("button").ShouldBeEmpty();
    }

    /// <summary>Another key asks while the question is open: what is approved is what was compared.</summary>
    [Fact]
    public async Task Approve_IsOfTheFingerprintThatWasShown()
    {
        var card = Open();

        var clicked = card.FindAll("button")[0].ClickAsync();
        card.Render(parameters => parameters.Add(c => c.Request, Request('b')));
        await Button("Approve").ClickAsync();
        await clicked;

        _approved.ShouldBe([Fingerprint('a')]);
    }

    [Fact]
    public async Task Reject_NeedsAReason_AndNothingHappensBefore()
    {
        var card = Open();

        var clicked = card.FindAll("button")[1].ClickAsync();
        Button("Reject").HasAttribute("disabled").ShouldBeTrue();
        _rejected.ShouldBeEmpty();
        await _dialogs.Find("#confirm-reason").InputAsync("nobody knows them");
        await Button("Reject").ClickAsync();
        await clicked;

        _rejected.ShouldBe(["nobody knows them"]);
        _approved.ShouldBeEmpty();
    }

    private AngleSharp.Dom.IElement Button(string text) => _dialogs.FindAll("button").Single(button => button.TextContent.Trim() == text);

    private IRenderedComponent<JoinRequestCard> Open(bool mayDecide = true) => _context.Render<JoinRequestCard>(parameters => parameters
        .Add(c => c.Request, Request('a')).Add(c => c.MayDecide, mayDecide).Add(c => c.OnApprove, _approved.Add).Add(c => c.OnReject, _rejected.Add));

    private static string Fingerprint(char digit) => new(digit, 64);

    private static JoinRequestView Request(char digit) =>
        new() { TenantId = "acme", Key = "ECDSA, P-256 (256 bit)", KeySha256 = Fingerprint(digit), BridgeKeySha256 = Fingerprint('c'), AskedAt = Asked, AskedFrom = "192.0.2.7" };
}
