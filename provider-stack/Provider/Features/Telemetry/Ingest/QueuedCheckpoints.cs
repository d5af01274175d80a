using System.Collections.Concurrent;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Telemetry;

namespace IoTPlatform.Provider.Features.Telemetry.Ingest;

/// <summary>
/// Checkpoints that come through a tenant's queue, behind the messages that they speak of. Each is recorded when this session has stored everything that
/// came before it, and a minute later: another process of the provider may still have some of that.
/// </summary>
internal sealed class QueuedCheckpoints(Func<UplinkProgress, CancellationToken, Task> record, TimeProvider time)
{
    /// <summary>AMQP's message type (basic.properties). A client of MQTT can set none.</summary>
    public const string MessageType = "uplink-checkpoint";

    /// <summary>Leads into the tenant's queue, and is no topic that anything could be stored under.</summary>
    public const string RoutingKey = "telemetry";

    /// <summary>A writer whose database was away tries again within half of it.</summary>
    public static readonly TimeSpan OfOtherProcesses = TimeSpan.FromMinutes(1);

    /// <summary>A tenant sends one in five minutes.</summary>
    private const int Most = 16;

    private int _recording;
    private readonly ConcurrentQueue<(ulong Tag, UplinkProgress Progress)> _waiting = new();

    public static byte[] Pack(UplinkProgress progress) => JsonSerializer.SerializeToUtf8Bytes(progress, ContractsJson.Default.UplinkProgress);

    /// <summary>One that is none is left out.</summary>
    public void Add(ulong tag, ReadOnlySpan<byte> body)
    {
        try
        {
            if (_waiting.Count < Most && JsonSerializer.Deserialize(body, ContractsJson.Default.UplinkProgress) is { } progress)
            {
                _waiting.Enqueue((tag, progress));
            }
        }
        catch (JsonException)
        {
            // The next one is five minutes away.
        }
    }

    /// <summary>Everything up to this tag is stored.</summary>
    public void Passed(ulong tag, CancellationToken closing)
    {
        while (_waiting.TryPeek(out var first) && first.Tag <= tag && _waiting.TryDequeue(out first))
        {
            _ = RecordLaterAsync(first.Progress, closing);
        }
    }

    private async Task RecordLaterAsync(UplinkProgress progress, CancellationToken closing)
    {
        try
        {
            if (Interlocked.Increment(ref _recording) > Most)
            {
                return;
            }

            await Task.Delay(OfOtherProcesses, time, closing);
            await record(progress, closing);
        }
        catch (Exception)
        {
            // The session ends, or the database is away: the one before stands, from which more is sent again.
        }
        finally
        {
            Interlocked.Decrement(ref _recording);
        }
    }
}
