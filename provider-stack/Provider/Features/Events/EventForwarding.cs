using IoTPlatform.Contracts.Events;
using IoTPlatform.Events;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Broker;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Events;

/// <summary>Passes a tenant's events on to the bus. Nothing is kept here: the tenant has them in its audit log until the bus has them.</summary>
internal sealed partial class EventForwarding(ProviderDb db, IEventPublisher publisher, TimeProvider time, ILogger<EventForwarding> log)
{
    /// <summary>Throws 403 <c>tenant_suspended</c>.</summary>
    public async Task RequireAdmittedAsync(string tenantId, CancellationToken cancellationToken)
    {
        if (await db.Tenants.AsNoTracking().SingleOrDefaultAsync(t => t.TenantId == tenantId, cancellationToken) is not { } tenant || TenantBroker.IsSuspended(tenant))
        {
            throw new ProblemException(StatusCodes.Status403Forbidden, "tenant_suspended", "The provider takes no events of this tenant at the moment.");
        }
    }

    /// <summary>Returns once the bus has them all. Throws 400 for what a tenant can't say, 503 while the bus is away.</summary>
    public async Task PublishAsync(string tenantId, ForwardedEvents sent, CancellationToken cancellationToken)
    {
        var events = ForwardedEventReader.Read(tenantId, sent, time.GetUtcNow());
        if (!publisher.IsReady)
        {
            throw Away();
        }

        try
        {
            await publisher.PublishAsync(events, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Failed(e, tenantId);
            throw Away(e);
        }
    }

    /// <summary>What a tenant can send that has a subscriber. Throws 503 while the bus is away.</summary>
    public async Task<IReadOnlyList<string>> SubscribedTypesAsync(CancellationToken cancellationToken)
    {
        if (!publisher.IsReady)
        {
            throw Away();
        }

        var subscribed = await publisher.SubscribedTypesAsync(cancellationToken);
        return [.. ForwardedEventReader.Types.Where(subscribed.Contains)];
    }

    private static ProblemException Away(Exception? e = null) => new DependencyDownException("bus", "The platform's bus does not answer at the moment.", inner: e).ToProblem();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Events of tenant {Tenant} could not be published; it will send them again")]
    private partial void Failed(Exception exception, string tenant);
}
