using IoTPlatform.Contracts.Events;
using IoTPlatform.Events;

namespace IoTPlatform.Provider.Features.Events;

/// <summary>What happens to a tenant, as events.</summary>
internal sealed class TenantEventMapper : IEventMapper
{
    public IReadOnlyDictionary<string, string> Types { get; } =
        new[] { TenantPrepared.Name, TenantJoined.Name, TenantSuspended.Name, TenantResumed.Name, TenantRemoved.Name, BridgeUp.Name, BridgeDown.Name }
            .ToDictionary(name => name, StringComparer.Ordinal);

    public Task<Func<RecordedOperation, PlatformEvent>> PrepareAsync(IReadOnlyList<RecordedOperation> operations, CancellationToken cancellationToken) =>
        Task.FromResult<Func<RecordedOperation, PlatformEvent>>(Map);

    private static PlatformEvent Map(RecordedOperation operation) => operation.Action switch
    {
        TenantPrepared.Name => new TenantPrepared { Id = operation.EventId, OccurredAt = operation.At, Sequence = operation.Sequence, By = operation.Actor, TenantId = operation.Subject, DisplayName = operation.Detail("display_name") },
        TenantJoined.Name => new TenantJoined { Id = operation.EventId, OccurredAt = operation.At, Sequence = operation.Sequence, By = operation.Actor, TenantId = operation.Subject, SubCaKeySha256 = operation.Detail("sub_ca_key_sha256") },
        TenantSuspended.Name => new TenantSuspended { Id = operation.EventId, OccurredAt = operation.At, Sequence = operation.Sequence, By = operation.Actor, TenantId = operation.Subject, Reason = operation.Detail("reason") },
        TenantResumed.Name => new TenantResumed { Id = operation.EventId, OccurredAt = operation.At, Sequence = operation.Sequence, By = operation.Actor, TenantId = operation.Subject },
        TenantRemoved.Name => new TenantRemoved { Id = operation.EventId, OccurredAt = operation.At, Sequence = operation.Sequence, By = operation.Actor, TenantId = operation.Subject },
        BridgeUp.Name => new BridgeUp { Id = operation.EventId, OccurredAt = operation.At, Sequence = operation.Sequence, By = operation.Actor, TenantId = operation.Subject },
        BridgeDown.Name => new BridgeDown { Id = operation.EventId, OccurredAt = operation.At, Sequence = operation.Sequence, By = operation.Actor, TenantId = operation.Subject },
        _ => throw new InvalidOperationException($"{operation.Action} is not an event of a tenant."),
    };
}
