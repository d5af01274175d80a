using IoTPlatform.Contracts.Events;
using IoTPlatform.Hosting.Events;

namespace IoTPlatform.Tenant.Features.Events;

/// <summary>What happens to devices, as events.</summary>
internal sealed class DeviceActs : IEventTranslator
{
    /// <summary>Let in again with another key.</summary>
    private const string ReEnrolled = "device.re_enrolled";

    public IReadOnlySet<string> Actions { get; } = new HashSet<string>([DeviceEnrolled.Name, ReEnrolled], StringComparer.Ordinal);

    public Task<Func<RecordedAct, PlatformEvent>> PrepareAsync(IReadOnlyList<RecordedAct> acts, CancellationToken cancellationToken) =>
        Task.FromResult<Func<RecordedAct, PlatformEvent>>(act =>
            new DeviceEnrolled { Id = act.EventId, OccurredAt = act.At, Sequence = act.Sequence, By = act.Actor, DeviceId = act.Subject });
}
