using IoTPlatform.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Portal.Sessions;

/// <summary>
/// The only way from a page to a service: the service's own policy first, which is the one of its API endpoint, then the call in a scope of its own. A page's
/// scope is as old as the page, and a database context is not made for that.
/// </summary>
public sealed class PortalCalls(PortalCaller caller, IServiceScopeFactory scopes)
{
    /// <summary>How long a page waits for a service; a page that can't be shown says so and stays usable.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    /// <summary>For what reads a whole log: more than a million entries are not read within the time of other calls.</summary>
    public static TimeSpan OfWholeLog { get; } = TimeSpan.FromMinutes(10);

    /// <summary>Throws as <see cref="PortalCaller.RequireAsync"/>, 504 <c>too_slow</c>, and whatever the service does.</summary>
    /// <param name="call">Gets the service and the caller's name for the audit log.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<T> CallAsync<TService, T>(Func<TService, string, CancellationToken, Task<T>> call, CancellationToken cancellationToken) where TService : class, IGuarded =>
        CallAsync(TService.Policy, (services, actor, stop) => call(services.GetRequiredService<TService>(), actor, stop), cancellationToken);

    public Task CallAsync<TService>(Func<TService, string, CancellationToken, Task> call, CancellationToken cancellationToken) where TService : class, IGuarded =>
        CallAsync<TService, bool>(async (service, actor, stop) =>
        {
            await call(service, actor, stop);
            return true;
        }, cancellationToken);

    /// <summary>For services that answer several policies.</summary>
    public Task<T> CallAsync<T>(string policy, Func<IServiceProvider, string, CancellationToken, Task<T>> call, CancellationToken cancellationToken) => CallAsync(policy, Longest, call, cancellationToken);

    /// <summary>For what takes longer than other calls may.</summary>
    public async Task<T> CallAsync<T>(string policy, TimeSpan longest, Func<IServiceProvider, string, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(longest);
        try
        {
            var actor = await caller.RequireAsync(policy, deadline.Token);
            await using var scope = scopes.CreateAsyncScope();
            return await call(scope.ServiceProvider, actor, deadline.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ProblemException(504, "too_slow", "The server did not answer in time. It may still be doing it: look again before you repeat it.", inner: e);
        }
    }

    public Task<bool> MayAsync<TService>() where TService : IGuarded => caller.MayAsync(TService.Policy);
}
