using Bunit;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Portal.Live;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace IoTPlatform.Portal.Tests;

/// <summary>What every page does while it loads and while it acts.</summary>
public sealed class LivePageTests : IAsyncLifetime
{
    private readonly BunitContext _context = new();
    private readonly BunitContext _other = new();
    private readonly TestSession _session = new();
    private readonly TabVisibility _tab = new();
    private readonly NpgsqlDataSource _nowhere = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Timeout=1");
    private ReloadTurns _turns = null!;

    public Task InitializeAsync()
    {
        _turns = new ReloadTurns(_session.Time, perSecond: 100);
        AddTo(_context, _tab);
        AddTo(_other, new TabVisibility());
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _context.DisposeAsync();
        await _other.DisposeAsync();
        await _nowhere.DisposeAsync();
    }

    /// <summary>Before the work has come to anything, and once however often it is clicked.</summary>
    [Fact]
    public async Task Act_IsVisibleAtOnce_AndRunsOnce()
    {
        var work = new TaskCompletionSource();
        var begun = 0;
        var page = Open(act: () =>
        {
            begun++;
            return work.Task;
        });

        var first = page.Find("button").ClickAsync();
        page.Find("button").HasAttribute("disabled").ShouldBeTrue();
        await page.Find("button").ClickAsync();
        begun.ShouldBe(1);

        work.SetResult();
        await first;
        page.Find("button").HasAttribute("disabled").ShouldBeFalse();
        page.Find("#problem").TextContent.ShouldBeEmpty();
    }

    [Fact]
    public async Task Act_ThatIsRefused_SaysWhy_AndThePageStays()
    {
        var page = Open(act: () => throw new ProblemException(409, "conflict", "It is held by another."));

        await page.Find("button").ClickAsync();

        page.Find("#problem").TextContent.ShouldBe("It is held by another.");
        page.Find("button").HasAttribute("disabled").ShouldBeFalse();
    }

    [Fact]
    public async Task Act_ThatFailsUnexpectedly_SaysNothingOfTheCause()
    {
        var page = Open(act: () => throw new InvalidOperationException("password=swordfish"));

        await page.Find("button").ClickAsync();

        page.Find("#problem").TextContent.ShouldBe("An unexpected error; the server's log has it.");
    }

    [Fact]
    public void Load_ThatHangs_IsSaidAfterEightSeconds()
    {
        var page = Open(load: () => new TaskCompletionSource().Task);
        page.Find("#load").TextContent.ShouldBeEmpty();

        _session.Time.Advance(TimeSpan.FromSeconds(8));

        page.WaitForAssertion(() => page.Find("#load").TextContent.ShouldStartWith("The database does not answer in time."));
    }

    [Fact]
    public async Task Confirmed_OfWhatHasChangedMeanwhile_DoesNothing_AndSaysWhat()
    {
        var state = "enrolled";
        var done = 0;
        TestPage? shown = null;
        var page = Open(act: async () =>
        {
            var seen = state;
            state = "on hold";
            if (await shown!.StillAsync(seen, () => state, () => "it is on hold now."))
            {
                done++;
            }
        });
        shown = page.Instance;

        await page.Find("button").ClickAsync();

        done.ShouldBe(0);
        shown.Said.ShouldBe("Nothing was done: it is on hold now. Look at it again, and repeat it if it is still right.");
    }

    /// <summary>Both would be loaded each second.</summary>
    [Fact]
    public async Task HiddenTab_IsNotLoaded_UntilAPersonTurnsToIt()
    {
        var (hidden, shown) = (0, 0);
        _tab.Set(isShown: false);
        Open(load: Counting(() => hidden++), isEager: true);
        Open(load: Counting(() => shown++), isEager: true, context: _other);

        await UntilAsync(() => shown > 5, () => _session.Time.Advance(TimeSpan.FromSeconds(1)));
        hidden.ShouldBe(1, "as it was opened");
        _tab.Set(isShown: true);

        await UntilAsync(() => hidden == 2, () => { });
    }

    /// <summary>The next turn is in nine seconds of a clock that stands still.</summary>
    [Fact]
    public async Task TabHiddenBeforeItsTurn_IsLoadedWithoutOneWhenItIsShown()
    {
        var loads = 0;
        Open(load: Counting(() => loads++), isEager: true);
        using var left = new CancellationTokenSource();
        _ = Enumerable.Range(0, 1000).Select(_ => _turns.WaitAsync(left.Token)).ToList();
        _session.Time.Advance(TimeSpan.FromSeconds(1));

        await UntilAsync(() => loads == 2, () =>
        {
            _tab.Set(isShown: false);
            _tab.Set(isShown: true);
        });
        await left.CancelAsync();
    }

    /// <summary>What a page does it does some time after its clock moved.</summary>
    private static async Task UntilAsync(Func<bool> condition, Action meanwhile)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            meanwhile();
            await Task.Delay(5, patience.Token);
        }
    }

    private static Func<Task> Counting(Action count) => () =>
    {
        count();
        return Task.CompletedTask;
    };

    private void AddTo(BunitContext context, TabVisibility tab)
    {
        _session.AddTo(context.Services, Roles.Admin);
        context.Services.AddSingleton(new AuditPulse(new AuditLog(_nowhere), _session.Time));
        context.Services.AddSingleton(_turns);
        context.Services.AddSingleton(tab);
    }

    private IRenderedComponent<TestPage> Open(Func<Task>? load = null, Func<Task>? act = null, bool isEager = false, BunitContext? context = null) =>
        (context ?? _context).Render<TestPage>(parameters => parameters
            .Add(p => p.Load, load ?? (() => Task.CompletedTask)).Add(p => p.Act, act ?? (() => Task.CompletedTask)).Add(p => p.Eager, isEager));

    private sealed class TestPage : LivePage
    {
        [Parameter]
        public Func<Task> Load { get; set; } = null!;

        [Parameter]
        public Func<Task> Act { get; set; } = null!;

        [Parameter]
        public bool Eager { get; set; }

        protected override bool IsEager => Eager;

        /// <summary>While an operation runs.</summary>
        public string? Said { get; private set; }

        public async Task<bool> StillAsync(string shown, Func<string> now, Func<string> changed)
        {
            var still = await IsStillAsync(shown, now, changed);
            Said = Problem;
            return still;
        }

        protected override Task LoadAsync() => Load();

        protected override void BuildRenderTree(RenderTreeBuilder builder)
        {
            builder.OpenElement(0, "button");
            builder.AddAttribute(1, "disabled", IsBusy);
            builder.AddAttribute(2, "onclick", EventCallback.Factory.Create(this, () => ActAsync(Act)));
            builder.CloseElement();
            builder.AddMarkupContent(3, $"<p id=\"problem\">{Problem}</p><p id=\"load\">{LoadProblem}</p>");
        }
    }
}
