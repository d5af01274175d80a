using System.Runtime.InteropServices;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Events;

namespace IoTPlatform.Tenant.Features.Events;

/// <summary>An event as it is sent.</summary>
internal sealed record OutgoingEvent(PlatformEvent Event, JsonElement Json)
{
    /// <summary>Of one batch; below <see cref="ForwardedEvents.MaxBytes"/>, which is for the whole body.</summary>
    private const int MaxBytes = 1_000_000;

    private int Bytes => JsonMarshal.GetRawUtf8Value(Json).Length + 1;

    /// <summary>All of them, in order, in portions that the provider takes at once.</summary>
    public static IEnumerable<IReadOnlyList<OutgoingEvent>> Batches(IReadOnlyList<PlatformEvent> events)
    {
        var batch = new List<OutgoingEvent>();
        var bytes = 0;
        foreach (var happened in events)
        {
            var next = new OutgoingEvent(happened, JsonSerializer.SerializeToElement(happened, happened.GetType(), ContractsJson.Default));
            if (batch.Count == ForwardedEvents.MaxEvents || (batch.Count > 0 && bytes + next.Bytes > MaxBytes))
            {
                yield return batch;
                batch = [];
                bytes = 0;
            }

            batch.Add(next);
            bytes += next.Bytes;
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }
}
