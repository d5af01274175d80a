using IoTPlatform.Contracts.Events;
using IoTPlatform.Database;
using IoTPlatform.Events;

namespace IoTPlatform.Events.Tests;

/// <summary>Operations called <c>tenant.resumed</c> are events; one about the tenant "broken" can't be mapped.</summary>
internal sealed class Happened : IEventMapper
{
    public IReadOnlyDictionary<string, string> Types { get; } = new Dictionary<string, string>(StringComparer.Ordinal) { [TenantResumed.Name] = TenantResumed.Name };

    public Task<Func<RecordedOperation, PlatformEvent>> PrepareAsync(IReadOnlyList<RecordedOperation> operations, CancellationToken cancellationToken) =>
        Task.FromResult<Func<RecordedOperation, PlatformEvent>>(operation => operation.Subject == "broken"
            ? throw new InvalidOperationException("can't be mapped")
            : new TenantResumed { Id = operation.EventId, OccurredAt = operation.At, Sequence = operation.Sequence, By = operation.Actor, TenantId = operation.Subject });

    public static AuditEntry To(string tenant) => new("admin", TenantResumed.Name, tenant);
}
