using IoTPlatform.Contracts.Events;
using IoTPlatform.Hosting.Events;

namespace IoTPlatform.Hosting.Tests.Events;

/// <summary>Acts called <c>tenant.resumed</c> are events; one about the tenant "broken" can't be told.</summary>
internal sealed class Happened : IEventTranslator
{
    public IReadOnlySet<string> Actions { get; } = new HashSet<string>(StringComparer.Ordinal) { TenantResumed.Name };

    public Task<Func<RecordedAct, PlatformEvent>> PrepareAsync(IReadOnlyList<RecordedAct> acts, CancellationToken cancellationToken) =>
        Task.FromResult<Func<RecordedAct, PlatformEvent>>(act => act.Subject == "broken"
            ? throw new InvalidOperationException("can't be told")
            : new TenantResumed { Id = act.EventId, OccurredAt = act.At, Sequence = act.Sequence, By = act.Actor, TenantId = act.Subject });

    public static AuditEntry To(string tenant) => new("admin", TenantResumed.Name, tenant);
}
