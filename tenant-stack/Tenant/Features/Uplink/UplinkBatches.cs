using IoTPlatform.Telemetry;

namespace IoTPlatform.Tenant.Features.Uplink;

/// <summary>What goes up in one publish: messages in their order.</summary>
internal static class UplinkBatches
{
    public static IEnumerable<IReadOnlyList<UplinkMessage>> Of(IEnumerable<UplinkMessage> messages)
    {
        var batch = new List<UplinkMessage>();
        var size = 0;
        foreach (var message in messages)
        {
            var next = TelemetryBatch.SizeOf(message.Topic, message.Payload.Length);
            if (batch.Count == TelemetryBatch.MostMessages || (batch.Count > 0 && size + next > TelemetryBatch.MostBytes))
            {
                yield return batch;
                (batch, size) = ([], 0);
            }

            batch.Add(message);
            size += next;
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }
}
