using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.Portal;

/// <summary>
/// What is true of every page of either portal, in light and dark: axe finds nothing, it says no problem, and its script complains of nothing. It fits a phone, and a
/// screen of 1280 x 1024 at 400 %, which is 320 x 256 (WCAG 2.2, 1.4.10): nothing but tables, code and charts scrolls sideways there, and what has the focus can be seen.
/// </summary>
internal sealed class PageInspection
{
    // Of WCAG 2.2, and so not yet among axe's own choice.
    private static readonly AxeRunOptions All = new() { Rules = new() { ["target-size"] = new() { Enabled = true } } };

    // The colours of the whole, without the other rules again.
    private static readonly AxeRunOptions Contrast = new() { RunOnly = RunOnlyOptions.Rules("color-contrast") };

    /// <summary>Scrolls sideways though it is no table, no code and no chart; or has the focus and can't be seen.</summary>
    private const string Obstacles =
        """
        () => {
          const found = [];
          const name = e => e.tagName.toLowerCase() + (e.id ? '#' + e.id : '') + (e.className.split ? '.' + e.className.split(' ').join('.') : '') + ' ' + (e.textContent || '').trim().slice(0, 30);
          const root = document.querySelector('.mud-dialog, dialog:modal, details.account[open]') || document.body;
          for (const e of root.querySelectorAll('*')) {
            const style = getComputedStyle(e);
            if (['auto', 'scroll'].includes(style.overflowX) && e.scrollWidth > e.clientWidth + 1 && !e.closest('.wide, pre, svg')) {
              found.push('scrolls sideways: ' + name(e));
            }
          }
          for (const e of root.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')) {
            if (e.disabled || e.matches('.pointer-events-none') || !e.checkVisibility({ visibilityProperty: true })) {
              continue;
            }
            e.focus();
            if (document.activeElement !== e) {
              continue;
            }
            const box = e.getBoundingClientRect();
            const [x, y] = [(Math.max(box.left, 0) + Math.min(box.right, innerWidth)) / 2, (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2];
            const hit = document.elementFromPoint(x, y);
            if (box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth || !hit || !(e.contains(hit) || hit.contains(e) || e.labels?.[0]?.contains(hit))) {
              found.push('has the focus unseen: ' + name(e) + ' behind ' + (hit ? name(hit) : 'nothing'));
            }
          }
          return found;
        }
        """;

    private readonly IPage _page;
    private readonly List<string> _found = [];

    public PageInspection(IPage page)
    {
        _page = page;
        page.Console += (_, message) => _found.AddRange(message.Type == "info" ? Array.Empty<string>() : [$"{message.Type}: {message.Text}"]);
        page.PageError += (_, error) => _found.Add(error);
    }

    /// <param name="path">What the findings are filed under.</param>
    public async Task LookAsync(string path)
    {
        if (await _page.Locator("[role=alert]").AllInnerTextsAsync() is var alerts && alerts.Any(text => text.Trim().Length > 0))
        {
            _found.Add($"{path}: {string.Join("; ", alerts)}");
        }

        await SetAsync(ColorScheme.Light, 1280, 860);
        await FitsAsync(path);
        await AxeAsync(path, All);
        await SetAsync(ColorScheme.Dark, 1280, 860);
        await AxeAsync(path, Contrast);
        await SetAsync(ColorScheme.Light, 375, 812);
        await FitsAsync(path);
        await SetAsync(ColorScheme.Dark, 320, 256);
        await FitsAsync(path);
        await AxeAsync(path, All);
        await OperableAsync(path);
    }

    /// <summary>At 400 %, what is on the page now: a dialog, or all of it.</summary>
    public async Task OperableAsync(string path) => _found.AddRange((await _page.EvaluateAsync<string[]>(Obstacles)).Select(obstacle => $"{path}: {obstacle}"));

    /// <summary>What is on the page now, as it is: a dialog, or all of it.</summary>
    public async Task AccessibleAsync(string path)
    {
        foreach (var colors in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
        {
            await _page.EmulateMediaAsync(new() { ColorScheme = colors });
            await _page.WaitForFunctionAsync("() => document.getAnimations().every(a => !(a instanceof CSSTransition))");
            await AxeAsync(path, All);
        }
    }

    public void ShouldHaveFoundNothing() => _found.ShouldBeEmpty();

    private async Task SetAsync(ColorScheme colors, int width, int height)
    {
        await _page.EmulateMediaAsync(new() { ColorScheme = colors });
        await _page.SetViewportSizeAsync(width, height);
        await _page.WaitForFunctionAsync("() => document.getAnimations().every(a => !(a instanceof CSSTransition))");
        await Screenshots.TakeAsync(_page, $"{new Uri(_page.Url).PathAndQuery.Trim('/').Replace('/', '-')[..Math.Min(new Uri(_page.Url).PathAndQuery.Length - 1, 40)]}-{colors.ToString().ToLowerInvariant()}-{width}");
    }

    private async Task FitsAsync(string path)
    {
        if (!await _page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"))
        {
            _found.Add($"{path}: wider than {_page.ViewportSize!.Width} px");
        }
    }

    private async Task AxeAsync(string path, AxeRunOptions options) => _found.AddRange(
        (await _page.RunAxe(options)).Violations.SelectMany(violation => violation.Nodes.Select(node => $"{path}: {violation.Id}: {node.Html[..Math.Min(node.Html.Length, 160)]}")));
}
