using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.FirstBoot;

/// <summary>The reconciliation itself, over checks whose world is a set of names.</summary>
public sealed class FirstBootTests
{
    private readonly FakeTime _time = new();
    private readonly HashSet<string> _world = [];
    private readonly RecordingProgress _progress = new();

    [Fact]
    public async Task Run_EverythingHolds_FixesNothing()
    {
        _world.UnionWith(["a", "b", "c"]);

        await Boot(Check("a"), Check("b"), Check("c")).RunAsync(CancellationToken.None);

        _progress.Lines.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("b")]
    [InlineData("c")]
    [InlineData("a,b")]
    [InlineData("b,c")]
    [InlineData("a,c")]
    public async Task Run_AnyStartingPoint_EndsWithEverythingAndFixesOnlyWhatWasMissing(string present)
    {
        _world.UnionWith(present.Split(',', StringSplitOptions.RemoveEmptyEntries));
        var missing = ((string[])["a", "b", "c"]).Except(_world).ToList();

        await Boot(Check("a"), Check("b"), Check("c")).RunAsync(CancellationToken.None);

        _world.Order().ShouldBe(["a", "b", "c"]);
        _progress.Lines.Where(l => l.EndsWith(" done")).ShouldBe(missing.Select(m => $"{m} done"));
    }

    [Fact]
    public async Task Run_FixBreaksAnEarlierCheck_StartsAgainFromTheTop()
    {
        var breaksOnce = true;
        var b = new TestCheck("b", _world, () =>
        {
            _world.Add("b");
            if (breaksOnce)
            {
                _world.Remove("a");
            }

            breaksOnce = false;
        });

        await Boot(Check("a"), b).RunAsync(CancellationToken.None);

        _progress.Lines.Where(l => l.EndsWith(" done")).ShouldBe(["a done", "b done", "a done"]);
    }

    [Fact]
    public async Task Run_FixThatChangesNothing_IsFatalInsteadOfEndless()
    {
        var error = await Should.ThrowAsync<StartupException>(() => Boot(new TestCheck("a", _world, () => { })).RunAsync(CancellationToken.None));

        error.Message.ShouldContain("'a'");
    }

    [Fact]
    public async Task Run_ProviderBusy_WaitsByItselfAndCompletes()
    {
        var attempts = 0;
        var join = new TestCheck("join", _world, () =>
        {
            if (++attempts <= 3)
            {
                throw new ProviderBusyException("the provider is away");
            }

            _world.Add("join");
        });

        var run = Boot(join).RunAsync(CancellationToken.None);
        while (!run.IsCompleted)
        {
            await _progress.WaitedAsync(run);
            while (!run.IsCompleted && _time.PendingTimers == 0)
            {
                await Task.Yield();
            }

            _time.Advance(TimeSpan.FromMinutes(1));
        }
        await run;

        attempts.ShouldBe(4);
        _progress.Pauses.Count.ShouldBe(3);
        _progress.Lines.Count(l => l == "join …").ShouldBe(1);
        _progress.Lines.ShouldContain("join waiting: the provider is away");
    }

    [Fact]
    public async Task Run_Cancelled_StopsWaiting()
    {
        using var stop = new CancellationTokenSource();
        var run = Boot(new TestCheck("join", _world, () => throw new ProviderBusyException("away"))).RunAsync(stop.Token);
        await _progress.WaitedAsync(run);

        await stop.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(run);
    }

    [Fact]
    public async Task Run_CrashBeforeOrAfterEveryFix_NextBootCompletes()
    {
        string[] names = ["a", "b", "c", "d"];
        for (var crashAt = 0; ; crashAt++)
        {
            _world.Clear();
            var crashing = new CrashingProgress(crashAt);
            try
            {
                await new FirstBootReconciler([.. names.Select(Check)], crashing, _time).RunAsync(CancellationToken.None);
                crashAt.ShouldBe(2 * names.Length);
                return;
            }
            catch (SimulatedCrashException)
            {
                await Boot([.. names.Select(Check)]).RunAsync(CancellationToken.None);
                _world.Order().ShouldBe(names);
            }
        }
    }

    private FirstBootReconciler Boot(params IFirstBootCheck[] checks) => new(checks, _progress, _time);

    private TestCheck Check(string name) => new(name, _world, () => _world.Add(name));

    private sealed class TestCheck(string name, HashSet<string> world, Action fix) : IFirstBootCheck
    {
        public string Name => name;

        public Task<string?> InspectAsync(CancellationToken cancellationToken) => Task.FromResult(world.Contains(name) ? null : "missing");

        public Task FixAsync(CancellationToken cancellationToken)
        {
            fix();
            return Task.CompletedTask;
        }
    }
}
