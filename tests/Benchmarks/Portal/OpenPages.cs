using IoTPlatform.Client;
using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Integration.Tests.Portal;
using IoTPlatform.Stacks;
using Microsoft.Playwright;

namespace IoTPlatform.Benchmarks.Portal;

/// <summary>Pages of a portal that real people have open, each a tab of a real browser with its connection. One person may have forty.</summary>
internal sealed class OpenPages(Chromium browser, Uri stack) : IAsyncDisposable
{
    private const int OfPerson = 40;
    private const int AtOnce = 4;

    /// <summary>Milliseconds: browser and servers share the machine.</summary>
    private const float Patience = 90_000;
    private const string Password = "a long enough passphrase";
    private readonly List<IBrowserContext> _contexts = [];

    public int Count => _contexts.Sum(context => context.Pages.Count);

    public async Task OpenAsync(ProviderClient admin, int pages, IReadOnlyList<string> paths, TextWriter progress, CancellationToken cancellationToken)
    {
        for (var person = 0; person * OfPerson < pages; person++)
        {
            var context = await SignInAsync(admin, $"person-{person}", cancellationToken);
            // It is at the first of its pages already.
            var mine = Enumerable.Range(person * OfPerson, Math.Min(OfPerson, pages - (person * OfPerson))).Skip(1);
            await Parallel.ForEachAsync(mine, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (number, _) =>
            {
                var page = await context.NewPageAsync();
                await page.GotoAsync(new Uri(stack, paths[number % paths.Count]).AbsoluteUri);
                await Chromium.LiveAsync(page);
            });
            await progress.WriteLineAsync($"{Count} pages are open");
        }
    }

    /// <summary>From now on each is told what a browser tells the pages of tabs behind others. Headless, each is at the front of a window of its own.</summary>
    public async Task PutBehindAsync()
    {
        foreach (var page in _contexts.SelectMany(context => context.Pages))
        {
            await page.EvaluateAsync("Object.defineProperty(document, 'visibilityState', { value: 'hidden' }); document.dispatchEvent(new Event('visibilitychange'));");
        }
    }

    /// <summary>Those that say that they have lost their connection.</summary>
    public async Task<int> LostAsync()
    {
        var lost = 0;
        foreach (var page in _contexts.SelectMany(context => context.Pages))
        {
            lost += await page.Locator("#components-reconnect-modal").IsVisibleAsync() || !await page.EvaluateAsync<bool>("document.body.dataset.live === 'true'") ? 1 : 0;
        }

        return lost;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var context in _contexts)
        {
            await context.DisposeAsync();
        }
    }

    private async Task<IBrowserContext> SignInAsync(ProviderClient admin, string name, CancellationToken cancellationToken)
    {
        var invitation = await admin.AddAccountAsync(new AddAccountRequest { Username = name, Roles = ["cdm-admin"] }, cancellationToken);
        var context = await browser.OpenAsync();
        context.SetDefaultTimeout(Patience);
        _contexts.Add(context);
        var page = await context.NewPageAsync();
        await page.GotoAsync(invitation.Url);
        await page.FillAsync("#password", Password);
        await page.FillAsync("#again", Password);
        await page.ClickAsync("text=Choose it");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("That is your password now");
        await page.CloseAsync();
        await Chromium.SignInAsync(context, stack, "portal/ui", name, Password);
        return context;
    }
}
