using System.Security.Claims;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Components.Server.Circuits;

namespace IoTPlatform.Portal.Sessions;

/// <summary>
/// Ends a page's circuit within seconds of its session's end, or of a change of its roles. From then on nothing that the browser sends is executed; the layout leads
/// the browser away, and ends the circuit for good where the browser does not follow.
/// </summary>
public sealed class CircuitSession(PortalCaller caller, OpenCircuits open, TimeProvider time) : CircuitHandler, IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private readonly CancellationTokenSource _closed = new();
    private volatile bool _ended;

    /// <summary>Raised once, outside the circuit's own context.</summary>
    public event Action? Ended;

    public bool HasEnded => _ended;

    public override Task OnCircuitOpenedAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        open.Add();
        _ = WatchAsync(_closed.Token);
        return Task.CompletedTask;
    }

    public override Task OnCircuitClosedAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        open.Remove();
        _closed.Cancel();
        return Task.CompletedTask;
    }

    public override Func<CircuitInboundActivityContext, Task> CreateInboundActivityHandler(Func<CircuitInboundActivityContext, Task> next) =>
        activity => _ended ? Task.CompletedTask : next(activity);

    public void Dispose() => _closed.Dispose();

    private async Task WatchAsync(CancellationToken closed)
    {
        try
        {
            var begun = await caller.BegunAsync();
            using var timer = new PeriodicTimer(Interval, time);
            while (await timer.WaitForNextTickAsync(closed))
            {
                if (!await IsStillAsync(begun, closed))
                {
                    _ended = true;
                    Ended?.Invoke();
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (closed.IsCancellationRequested)
        {
            // The page was closed.
        }
    }

    /// <summary>A database or an identity provider that does not answer ends no page; each call asks again, and is refused.</summary>
    private async Task<bool> IsStillAsync(ClaimsPrincipal begun, CancellationToken closed)
    {
        try
        {
            return await caller.NowAsync(closed) is { } now && RolesOf(now).SetEquals(RolesOf(begun));
        }
        catch (Exception e) when (ProblemTranslation.Of(e) is not null)
        {
            return true;
        }
    }

    private static HashSet<string> RolesOf(ClaimsPrincipal user) => [.. user.FindAll(ClaimTypes.Role).Select(role => role.Value)];
}

/// <summary>How many pages are connected, or were a moment ago and may come back.</summary>
public sealed class OpenCircuits
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    internal void Add() => Interlocked.Increment(ref _count);

    internal void Remove() => Interlocked.Decrement(ref _count);
}

/// <summary>Ends the circuit of a session that has ended.</summary>
public sealed class SessionEndedException() : Exception("The session of this page has ended.");
