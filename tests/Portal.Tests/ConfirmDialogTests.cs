using Bunit;
using IoTPlatform.Portal.Components;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;
using MudBlazor.Services;

namespace IoTPlatform.Portal.Tests;

public sealed class ConfirmDialogTests : IAsyncLifetime
{
    private readonly BunitContext _context = new();
    private IRenderedComponent<MudDialogProvider> _dialogs = null!;

    public Task InitializeAsync()
    {
        _context.JSInterop.Mode = JSRuntimeMode.Loose;
        _context.Services.AddMudServices();
        _context.Render<MudPopoverProvider>();
        _dialogs = _context.Render<MudDialogProvider>();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _context.DisposeAsync();

    [Theory]
    [InlineData("", false)]
    [InlineData("acm", false)]
    [InlineData("ACME", false)]
    [InlineData("acme", true)]
    [InlineData(" acme ", true)]
    public async Task Name_HasToBeTyped(string typed, bool ready)
    {
        await AskAsync(expected: "acme");

        await _dialogs.Find("#confirm-typed").InputAsync(typed);

        Button("Remove").HasAttribute("disabled").ShouldBe(!ready);
    }

    [Fact]
    public async Task Reason_IsAskedFor_AndAnswered()
    {
        var answer = await AskAsync(askReason: true);
        Button("Remove").HasAttribute("disabled").ShouldBeTrue();

        await _dialogs.Find("#confirm-reason").InputAsync("it is old");
        await Button("Remove").ClickAsync();

        (await answer).ShouldBe("it is old");
    }

    [Fact]
    public async Task Cancel_ConfirmsNothing()
    {
        var answer = await AskAsync();

        await Button("Cancel").ClickAsync();

        (await answer).ShouldBeNull();
    }

    private AngleSharp.Dom.IElement Button(string text) => _dialogs.FindAll("button").Single(button => button.TextContent.Trim() == text);

    private async Task<Task<string?>> AskAsync(string? expected = null, bool askReason = false)
    {
        Task<string?> answer = null!;
        await _dialogs.InvokeAsync(() =>
        {
            answer = _context.Services.GetRequiredService<IDialogService>().ConfirmAsync("Remove it?", "There is no way back.", "Remove", expected, askReason);
        });
        return answer;
    }
}
