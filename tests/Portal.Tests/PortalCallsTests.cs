using System.Security.Claims;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Portal.Sessions;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Portal.Tests;

/// <summary>What a page asks for is asked of the session as it is now, whatever the page shows.</summary>
public sealed class PortalCallsTests
{
    private readonly TestSession _session = new();

    private sealed class Removal : IGuarded
    {
        public static string Policy => Policies.Admin;

        public int Done { get; private set; }

        public Task RemoveAsync(string by, CancellationToken cancellationToken)
        {
            Done++;
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task Call_AdminsPolicyByAViewer_IsRefused_AndDoesNothing()
    {
        await using var services = _session.Services(Roles.Viewer, more => more.AddSingleton<Removal>());
        var calls = services.GetRequiredService<PortalCalls>();

        (await Should.ThrowAsync<ProblemException>(() => calls.CallAsync<Removal>((removal, by, stop) => removal.RemoveAsync(by, stop), CancellationToken.None))).Status.ShouldBe(403);

        services.GetRequiredService<Removal>().Done.ShouldBe(0);
        (await calls.MayAsync<Removal>()).ShouldBeFalse();
    }

    [Fact]
    public async Task Call_RoleTakenAwaySinceThePageWasOpened_IsRefused()
    {
        await using var services = _session.Services(Roles.Admin, more => more.AddSingleton<Removal>());
        var calls = services.GetRequiredService<PortalCalls>();
        await calls.CallAsync<Removal>((removal, by, stop) => removal.RemoveAsync(by, stop), CancellationToken.None);

        _session.Roles = [Roles.Viewer];

        (await Should.ThrowAsync<ProblemException>(() => calls.CallAsync<Removal>((removal, by, stop) => removal.RemoveAsync(by, stop), CancellationToken.None))).Status.ShouldBe(403);
        services.GetRequiredService<Removal>().Done.ShouldBe(1);
    }

    [Fact]
    public async Task Call_SessionEnded_IsRefused()
    {
        await using var services = _session.Services(Roles.Admin, more => more.AddSingleton<Removal>());
        _session.Roles = null;

        (await Should.ThrowAsync<ProblemException>(() => services.GetRequiredService<PortalCalls>().CallAsync<Removal>((removal, by, stop) => removal.RemoveAsync(by, stop), CancellationToken.None)))
            .Code.ShouldBe("session_ended");
    }

    [Fact]
    public async Task Call_AnsweredByTheService_GetsTheCallersName()
    {
        await using var services = _session.Services(Roles.Operator, more => more.AddSingleton<Removal>());

        (await services.GetRequiredService<PortalCalls>().CallAsync(Policies.Operator, (_, by, _) => Task.FromResult(by), CancellationToken.None)).ShouldBe("paula");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Circuit_SessionEndsOrLosesARole_ExecutesNothingMore_WithinSeconds(bool ends)
    {
        await using var services = _session.Services(Roles.Admin);
        var circuit = services.GetRequiredService<CircuitSession>();
        var ended = new TaskCompletionSource();
        circuit.Ended += () => ended.TrySetResult();
        var executed = 0;
        var handler = circuit.CreateInboundActivityHandler(_ =>
        {
            executed++;
            return Task.CompletedTask;
        });
        await circuit.OnCircuitOpenedAsync(null!, CancellationToken.None);
        await circuit.OnConnectionUpAsync(null!, CancellationToken.None);
        await handler(null!);
        _session.Roles = ends ? null : [Roles.Viewer];

        for (var second = 0; second < 5 && !ended.Task.IsCompleted; second++)
        {
            _session.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(ended.Task, Task.Delay(200));
        }

        ended.Task.IsCompleted.ShouldBeTrue("within five seconds");
        await handler(null!);
        executed.ShouldBe(1);
        services.GetRequiredService<OpenCircuits>().Count.ShouldBe(1);
        await circuit.OnCircuitClosedAsync(null!, CancellationToken.None);
        services.GetRequiredService<OpenCircuits>().Count.ShouldBe(0);
    }

    [Fact]
    public async Task Circuit_SessionCantBeAskedFor_GoesOn()
    {
        await using var services = _session.Services(Roles.Admin);
        var circuit = services.GetRequiredService<CircuitSession>();
        await circuit.OnCircuitOpenedAsync(null!, CancellationToken.None);
        _session.Outage = new ProblemException(503, "database_unavailable", "away");

        _session.Time.Advance(TimeSpan.FromSeconds(10));
        await Task.Delay(100);

        circuit.HasEnded.ShouldBeFalse();
    }

    [Fact]
    public async Task Circuit_SessionCantBeAskedFor_ForAnUnknownReason_Ends()
    {
        await using var services = _session.Services(Roles.Admin);
        var circuit = services.GetRequiredService<CircuitSession>();
        var ended = new TaskCompletionSource();
        circuit.Ended += () => ended.TrySetResult();
        await circuit.OnCircuitOpenedAsync(null!, CancellationToken.None);
        _session.Outage = new InvalidOperationException("a fault");

        for (var second = 0; second < 5 && !ended.Task.IsCompleted; second++)
        {
            _session.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(ended.Task, Task.Delay(200));
        }

        circuit.HasEnded.ShouldBeTrue();
    }

    [Fact]
    public async Task Circuit_BrowserComesBackAfterItsEnd_IsLedAwayAgain()
    {
        await using var services = _session.Services(Roles.Admin);
        var circuit = services.GetRequiredService<CircuitSession>();
        var ended = 0;
        var once = new TaskCompletionSource();
        circuit.Ended += () =>
        {
            ended++;
            once.TrySetResult();
        };
        await circuit.OnCircuitOpenedAsync(null!, CancellationToken.None);
        await circuit.OnConnectionUpAsync(null!, CancellationToken.None);
        circuit.IsConnected.ShouldBeTrue();
        await circuit.OnConnectionDownAsync(null!, CancellationToken.None);
        circuit.IsConnected.ShouldBeFalse();
        _session.Roles = [Roles.Viewer];
        for (var second = 0; second < 5 && !once.Task.IsCompleted; second++)
        {
            _session.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(once.Task, Task.Delay(200));
        }

        await circuit.OnConnectionUpAsync(null!, CancellationToken.None);

        ended.ShouldBe(2);
    }

    [Fact]
    public async Task Circuit_MoreThanAPersonMayHave_ExecutesNothing_UntilOneIsClosed()
    {
        await using var services = _session.Services(Roles.Viewer);
        var open = services.GetRequiredService<OpenCircuits>();
        CircuitSession Circuit() => new(services.GetRequiredService<PortalCaller>(), open, _session.Time);
        var circuits = Enumerable.Range(0, OpenCircuits.MostOfPerson).Select(_ => Circuit()).ToList();
        foreach (var circuit in circuits)
        {
            await circuit.OnConnectionUpAsync(null!, CancellationToken.None);
        }

        using var surplus = Circuit();
        await Should.ThrowAsync<TooManyPagesException>(() => surplus.OnConnectionUpAsync(null!, CancellationToken.None));
        var executed = 0;
        await surplus.CreateInboundActivityHandler(_ =>
        {
            executed++;
            return Task.CompletedTask;
        })(null!);
        await surplus.OnCircuitClosedAsync(null!, CancellationToken.None);

        executed.ShouldBe(0);
        open.Count.ShouldBe(OpenCircuits.MostOfPerson);
        foreach (var circuit in circuits)
        {
            await circuit.OnCircuitClosedAsync(null!, CancellationToken.None);
            circuit.Dispose();
        }

        open.Count.ShouldBe(0);
    }
}
