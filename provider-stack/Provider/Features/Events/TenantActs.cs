using IoTPlatform.Contracts.Events;
using IoTPlatform.Hosting.Events;

namespace IoTPlatform.Provider.Features.Events;

/// <summary>What happens to a tenant, as events.</summary>
internal sealed class TenantActs : IEventTranslator
{
    public IReadOnlySet<string> Actions { get; } =
        new HashSet<string>([TenantPrepared.Name, TenantJoined.Name, TenantSuspended.Name, TenantResumed.Name, TenantRemoved.Name, BridgeUp.Name, BridgeDown.Name], StringComparer.Ordinal);

    public Task<Func<RecordedAct, PlatformEvent>> PrepareAsync(IReadOnlyList<RecordedAct> acts, CancellationToken cancellationToken) =>
        Task.FromResult<Func<RecordedAct, PlatformEvent>>(Translate);

    private static PlatformEvent Translate(RecordedAct act) => act.Action switch
    {
        TenantPrepared.Name => new TenantPrepared { Id = act.EventId, OccurredAt = act.At, Sequence = act.Sequence, By = act.Actor, TenantId = act.Subject, DisplayName = act.Detail("display_name") },
        TenantJoined.Name => new TenantJoined { Id = act.EventId, OccurredAt = act.At, Sequence = act.Sequence, By = act.Actor, TenantId = act.Subject, SubCaKeySha256 = act.Detail("sub_ca_key_sha256") },
        TenantSuspended.Name => new TenantSuspended { Id = act.EventId, OccurredAt = act.At, Sequence = act.Sequence, By = act.Actor, TenantId = act.Subject, Reason = act.Detail("reason") },
        TenantResumed.Name => new TenantResumed { Id = act.EventId, OccurredAt = act.At, Sequence = act.Sequence, By = act.Actor, TenantId = act.Subject },
        TenantRemoved.Name => new TenantRemoved { Id = act.EventId, OccurredAt = act.At, Sequence = act.Sequence, By = act.Actor, TenantId = act.Subject },
        BridgeUp.Name => new BridgeUp { Id = act.EventId, OccurredAt = act.At, Sequence = act.Sequence, By = act.Actor, TenantId = act.Subject },
        BridgeDown.Name => new BridgeDown { Id = act.EventId, OccurredAt = act.At, Sequence = act.Sequence, By = act.Actor, TenantId = act.Subject },
        _ => throw new InvalidOperationException($"{act.Action} is not an event of a tenant."),
    };
}
