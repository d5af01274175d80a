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

    /// <summary>Whose connected page this is; null: no browser is at the other end.</summary>
    private string? _counted;

    /// <summary>Raised when it ends, and again when a browser comes back to it.</summary>
    public event Action? Ended;

    public bool HasEnded => _ended;

    /// <summary>A browser is at the other end.</summary>
    public bool IsConnected => Volatile.Read(ref _counted) is not null;

    public override Task OnCircuitOpenedAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        _ = WatchAsync(_closed.Token);
        return Task.CompletedTask;
    }

    /// <summary>Throws, and nothing of the page is executed, if the person has as many pages connected as one may.</summary>
    public override async Task OnConnectionUpAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        var person = (await caller.BegunAsync()).Identity?.Name ?? "";
        if (!open.TryAdd(person))
        {
            _ended = true;
            throw new TooManyPagesException();
        }

        _counted = person;
        if (_ended)
        {
            Ended?.Invoke();
        }
    }

    public override Task OnConnectionDownAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _counted, null) is { } person)
        {
            open.Remove(person);
        }

        return Task.CompletedTask;
    }

    public override Task OnCircuitClosedAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        _closed.Cancel();
        return OnConnectionDownAsync(circuit, cancellationToken);
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
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (closed.IsCancellationRequested)
        {
            return; // The page was closed.
        }
        catch (Exception)
        {
            // What can't be asked for an unknown reason is not there: a page must not outlive its watch.
        }

        _ended = true;
        Ended?.Invoke();
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

/// <summary>
/// The pages that are connected. Each is memory of this process, so a person has no more than <see cref="MostOfPerson"/>; those that lost their connection and may come
/// back are bounded for all together.
/// </summary>
public sealed class OpenCircuits
{
    public const int MostOfPerson = 40;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _ofPerson = new(StringComparer.Ordinal);

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _ofPerson.Values.Sum();
            }
        }
    }

    /// <summary>False: the person has as many as one may.</summary>
    internal bool TryAdd(string person)
    {
        lock (_gate)
        {
            var open = _ofPerson.GetValueOrDefault(person);
            if (open >= MostOfPerson)
            {
                return false;
            }

            _ofPerson[person] = open + 1;
            return true;
        }
    }

    internal void Remove(string person)
    {
        lock (_gate)
        {
            if (--_ofPerson[person] == 0)
            {
                _ofPerson.Remove(person);
            }
        }
    }
}

/// <summary>Refuses a page to a person who has too many of them open.</summary>
public sealed class TooManyPagesException() : Exception("This person has too many pages open.");

/// <summary>Ends the circuit of a session that has ended.</summary>
public sealed class SessionEndedException() : Exception("The session of this page has ended.");
