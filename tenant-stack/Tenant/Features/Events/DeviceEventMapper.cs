using IoTPlatform.Contracts.Events;
using IoTPlatform.Events;

namespace IoTPlatform.Tenant.Features.Events;

/// <summary>What happens to devices, as events.</summary>
internal sealed class DeviceEventMapper : IEventMapper
{
    /// <summary>Let in again with another key.</summary>
    private const string ReEnrolled = "device.re_enrolled";

    public IReadOnlyDictionary<string, string> Types { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal) { [DeviceEnrolled.Name] = DeviceEnrolled.Name, [ReEnrolled] = DeviceEnrolled.Name };

    public Task<Func<RecordedOperation, PlatformEvent>> PrepareAsync(IReadOnlyList<RecordedOperation> operations, CancellationToken cancellationToken) =>
        Task.FromResult<Func<RecordedOperation, PlatformEvent>>(operation =>
            new DeviceEnrolled { Id = operation.EventId, OccurredAt = operation.At, Sequence = operation.Sequence, By = operation.Actor, DeviceId = operation.Subject });
}
