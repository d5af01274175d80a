using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using IoTPlatform.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Polly;

namespace IoTPlatform.Telemetry.Ingest;

/// <summary>
/// Group commit for telemetry of all sources: the waiting messages become one batch, one round trip and one transaction, and are then
/// acknowledged. While the database is unavailable the writer and its queue wait: no message is dropped.
/// </summary>
public sealed partial class TelemetryWriter(ChannelReader<TelemetryDelivery> queue, TelemetryStore store, IngestMetrics metrics, TimeProvider time, ILogger log)
{
    private readonly List<TelemetryDelivery> _batch = new(IngestLimits.BatchMessages);
    private ResiliencePipeline? _backoff;
    private bool _isAway;

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
            {
                continue;
            }

            characters += delivery.Message.Payload.Length;
            _batch.Add(delivery);
        }
    }

    private async Task StoreAsync(IReadOnlyList<TelemetryDelivery> batch, CancellationToken giveUp)
    {
        if (batch.Count > 0 && await TryStoreAsync(batch, giveUp) is { } refusal)
        {
            await IsolateAsync(batch, refusal, giveUp);
        }
    }

    /// <summary>
    /// Halves the batch until the refused messages stand alone, tenant by tenant, so that the rest is stored in few statements. Nothing of a
    /// refused part was committed. Of a tenant that has more of them than the statements reach, the broker keeps what is left for a next
    /// session, and no other tenant waits for it.
    /// </summary>
    private async Task IsolateAsync(IReadOnlyList<TelemetryDelivery> batch, PostgresException refusal, CancellationToken giveUp)
    {
        var parts = new Stack<IReadOnlyList<TelemetryDelivery>>();
        var refused = new HashSet<string>(StringComparer.Ordinal);
        Split([.. batch.OrderBy(delivery => delivery.Message.TenantId, StringComparer.Ordinal)], refusal, parts);
        for (var statements = 0; parts.TryPop(out var part); statements++)
        {
            var tenants = part.Select(delivery => delivery.Message.TenantId).Distinct(StringComparer.Ordinal).ToList();
            if (statements >= IngestLimits.IsolationStatements && tenants is [var one] && refused.Contains(one))
            {
                foreach (var session in part.Select(delivery => delivery.Session).Distinct())
                {
                    session.End("the database refuses too many of its messages");
                }
            }
            else if (await TryStoreAsync(part, giveUp) is { } again)
            {
                if (tenants is [var culprit])
                {
                    refused.Add(culprit);
                }

                Split(part, again, parts);
            }
        }
    }

    private void Split(IReadOnlyList<TelemetryDelivery> part, PostgresException refusal, Stack<IReadOnlyList<TelemetryDelivery>> parts)
    {
        if (part.Count == 1)
        {
            NotStorable(part[0].Message.TenantId, refusal.SqlState, refusal.MessageText);
            // Not waited for: its tenant's broker connection may be slow, and all tenants wait here.
            _ = RefuseAsync(part[0]);
            return;
        }

        parts.Push([.. part.Skip(part.Count / 2)]);
        parts.Push([.. part.Take(part.Count / 2)]);
    }

    /// <summary>Returns when it is stored and acknowledged, or when a message in it is why it can't be.</summary>
    private async Task<PostgresException?> TryStoreAsync(IReadOnlyList<TelemetryDelivery> part, CancellationToken giveUp)
    {
        try
        {
            await (_backoff ??= CreateBackoff()).ExecuteAsync(stop => StoreAndAcknowledgeAsync(part, stop), giveUp);
        }
        catch (PostgresException e) when (TelemetryStore.IsAboutARow(e))
        {
            return e;
        }

        if (_isAway)
        {
            StoredAgain();
        }

        _isAway = false;
        return null;
    }

    private async ValueTask StoreAndAcknowledgeAsync(IReadOnlyList<TelemetryDelivery> all, CancellationToken giveUp)
    {
        // Of a session that ended while this waited for the database the broker has given everything to the next one, which may be another process's.
        var part = all.Where(delivery => !delivery.Session.Ended.IsCompleted).ToList();
        await RecogniseAsync(part, giveUp);
        var fresh = part.Where(delivery => !delivery.IsRepetition).Select(delivery => delivery.Message).ToList();
        metrics.Stored(await store.StoreAsync(fresh, giveUp), part.Count);
        foreach (var delivery in part)
        {
            delivery.Session.Acknowledge(delivery.Tag);
            metrics.Acknowledged(delivery.Message.TenantId, 1);
        }
    }

    private ResiliencePipeline CreateBackoff()
    {
        var retry = IngestLimits.Backoff;
        retry.ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is { } e && IsOutage(e, args.Context.CancellationToken));
        retry.OnRetry = args =>
        {
            if (!_isAway)
            {
                DatabaseAway(args.Outcome.Exception!.Message);
            }

            _isAway = true;
            return default;
        };
        return new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(retry).Build();
    }

    private static bool IsOutage(Exception e, CancellationToken giveUp) => e switch
    {
        PostgresException refusal when TelemetryStore.IsAboutARow(refusal) => false,
        OperationCanceledException => !giveUp.IsCancellationRequested,
        _ => e is NpgsqlException or SocketException or TimeoutException or IOException || DatabaseOutage.Is(e),
    };

    private static Task RefuseAsync(TelemetryDelivery delivery) => delivery.Session.RefuseAsync(
        delivery.Tag, delivery.Message.Topic.Replace('/', '.'), Encoding.UTF8.GetBytes(delivery.Message.Payload), TelemetryRefusal.NotStorable);

    /// <summary>
    /// A message without a timestamp that the broker gives out again was stored if it equals one of those its source stored last, as far as
    /// they can have missed their acknowledgement. Each of them stands for one message.
    /// </summary>
    private async Task RecogniseAsync(IReadOnlyList<TelemetryDelivery> batch, CancellationToken cancellationToken)
    {
        foreach (var delivery in batch.Where(delivery => delivery is { MayBeARepetition: true, IsRepetition: false }))
        {
            var (known, source) = (delivery.Session.StoredBefore, store.SourceOf(delivery.Message));
            if (!known.TryGetValue(source, out var before))
            {
                known[source] = before = await store.LastStoredAsync(
                    delivery.Message, await delivery.Session.AcknowledgedToAsync(cancellationToken), IngestLimits.Prefetch, cancellationToken);
            }

            var same = before.FindIndex(identity => identity.AsSpan().SequenceEqual(delivery.Message.Identity));
            if (same < 0)
            {
                continue;
            }

            before.RemoveAt(same);
            delivery.IsRepetition = true;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Telemetry can't be stored because the database is away. It waits, at the broker too. {Reason}")]
    private partial void DatabaseAway(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Telemetry is being stored again")]
    private partial void StoredAgain();

    [LoggerMessage(Level = LogLevel.Error, Message = "The database refuses a telemetry message of tenant {Tenant}: {SqlState} {Reason}")]
    private partial void NotStorable(string tenant, string sqlState, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stopping before all received telemetry was stored. The broker still has it.")]
    private partial void GaveUp();
}
