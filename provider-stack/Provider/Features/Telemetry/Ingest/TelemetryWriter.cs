using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using IoTPlatform.Hosting;
using Npgsql;

namespace IoTPlatform.Provider.Features.Telemetry.Ingest;

/// <summary>
/// Group commit for everybody's telemetry: what waits becomes a batch, one round trip and one transaction, and is acknowledged after
/// that. While the database is away it waits, and with it everything behind it: nothing is given up.
/// </summary>
internal sealed partial class TelemetryWriter(ChannelReader<TelemetryDelivery> queue, TelemetryStore store, IngestMetrics metrics, TimeProvider time, ILogger log)
{
    private readonly List<TelemetryDelivery> _batch = new(IngestLimits.BatchMessages);

    /// <summary>Until the queue is complete and everything in it is stored.</summary>
    /// <param name="giveUp">Ends it earlier. What is not stored then is not acknowledged either.</param>
    public async Task RunAsync(CancellationToken giveUp)
    {
        try
        {
            while (await queue.WaitToReadAsync(giveUp))
            {
                Fill();
                if (_batch.Count < IngestLimits.SmallBatch && !queue.Completion.IsCompleted)
                {
                    await Task.Delay(IngestLimits.SmallBatchWait, time, giveUp);
                    Fill();
                }

                await StoreAsync(_batch, giveUp);
                _batch.Clear();
            }
        }
        catch (OperationCanceledException) when (giveUp.IsCancellationRequested)
        {
            GaveUp();
        }
        finally
        {
            await store.DisconnectAsync();
        }
    }

    private void Fill()
    {
        var characters = _batch.Sum(delivery => delivery.Message.Payload.Length);
        while (_batch.Count < IngestLimits.BatchMessages && characters < IngestLimits.BatchCharacters && queue.TryRead(out var delivery))
        {
            // Of a session that has ended the broker gives everything to the next one.
            if (delivery.Session.Ended.IsCompleted)
                continue;
            characters += delivery.Message.Payload.Length;
            _batch.Add(delivery);
        }
    }

    private async Task StoreAsync(IReadOnlyList<TelemetryDelivery> batch, CancellationToken giveUp)
    {
        for (var failures = 0; batch.Count > 0;)
        {
            try
            {
                await RecogniseAsync(batch, giveUp);
                var fresh = batch.Where(delivery => !delivery.IsRepetition).Select(delivery => delivery.Message).ToList();
                metrics.Stored(await store.StoreAsync(fresh, giveUp), batch.Count);
                foreach (var delivery in batch)
                    delivery.Session.Acknowledge(delivery.Tag);
                if (failures > 0)
                    StoredAgain();
                return;
            }
            catch (PostgresException e) when (IsAboutARow(e))
            {
                if (batch.Count == 1)
                {
                    NotStorable(e, batch[0].Message.TenantId);
                    // Not waited for: its tenant's broker connection may be slow, and all tenants wait here.
                    _ = RefuseAsync(batch[0]);
                    return;
                }

                // One bad row must not hold up the others: nothing was committed, so each comes again by itself.
                foreach (var delivery in batch)
                    await StoreAsync([delivery], giveUp);
                return;
            }
            catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException or IOException || DatabaseOutage.Is(e) || (e is OperationCanceledException && !giveUp.IsCancellationRequested))
            {
                if (failures++ == 0)
                    DatabaseAway(e);
                await Task.Delay(Pause.After(failures), time, giveUp);
            }
        }
    }

    /// <summary>22: data exception, 23: constraint. Whatever else the database says is no message's fault, and waiting for an operator loses nothing.</summary>
    private static bool IsAboutARow(PostgresException e) => e.SqlState[..2] is "22" or "23";

    private static Task RefuseAsync(TelemetryDelivery delivery) => delivery.Session.RefuseAsync(
        delivery.Tag, delivery.Message.Topic.Replace('/', '.'), Encoding.UTF8.GetBytes(delivery.Message.Payload), TelemetryRefusal.NotStorable);

    /// <summary>
    /// A message without a timestamp that the broker gives out again was stored if it equals one of those its tenant stored last: only
    /// they can have missed their acknowledgement. Each of them stands for one message.
    /// </summary>
    private async Task RecogniseAsync(IReadOnlyList<TelemetryDelivery> batch, CancellationToken cancellationToken)
    {
        foreach (var delivery in batch.Where(delivery => delivery is { MayBeARepetition: true, IsRepetition: false }))
        {
            var before = delivery.Session.StoredBefore ??= await store.LastStoredAsync(delivery.Message.TenantId, IngestLimits.Prefetch, cancellationToken);
            var same = before.FindIndex(identity => identity.AsSpan().SequenceEqual(delivery.Message.Identity));
            if (same < 0)
                continue;
            before.RemoveAt(same);
            delivery.IsRepetition = true;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Telemetry can't be stored because the database is away. It waits, at the broker too.")]
    private partial void DatabaseAway(Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "Telemetry is being stored again")]
    private partial void StoredAgain();

    [LoggerMessage(Level = LogLevel.Error, Message = "The database refuses a telemetry message of tenant {Tenant}")]
    private partial void NotStorable(Exception exception, string tenant);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stopping before all received telemetry was stored. The broker still has it.")]
    private partial void GaveUp();
}
